"""What the commands share: opening a pack, and saying what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console

from menshen.errors import MenshenError, PictureTooLargeError

Language = Literal["en", "zh"]
OK, NO, FAILED = 0, 1, 2


class Lang(StrEnum):
    """A language of the words, as an option: anything else is refused before any work."""

    en = "en"
    zh = "zh"


LARGEST_FILE = 64 * 1024 * 1024

out = Console()
err = Console(stderr=True)


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Turn one of our errors into words (or JSON) and exit status 2."""
    try:
        yield
    except MenshenError as error:
        if as_json:
            typer.echo(json.dumps(problem(error), ensure_ascii=False, indent=2))
        else:
            which = "" if error.index is None else f" (picture {error.index + 1})"
            err.print(f"[red]{error.code}[/red]{which}: {error}", highlight=False)
            if error.advice:
                err.print(error.advice, highlight=False)
        raise typer.Exit(FAILED) from error


def problem(error: MenshenError) -> dict[str, Any]:
    """Return an error as a JSON object."""
    return {
        "error": {
            "code": error.code,
            "detail": str(error),
            "advice": error.advice,
            "picture": error.index,
        }
    }


def read_picture(path: Path, *, index: int | None = None) -> bytes:
    """Read a picture file whole; raises one of our errors when that cannot be done."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PictureTooLargeError(f"{path.name} has more than {LARGEST_FILE} bytes")
        return path.read_bytes()
    except OSError as problem_found:
        error = UnreadableFileError(f"{path}: {problem_found.strerror}")
        error.index = index
        raise error from problem_found


class UnreadableFileError(MenshenError):
    """A file named on the command line cannot be read."""

    code = "file-unreadable"
    advice = "Check the path and its permissions."
