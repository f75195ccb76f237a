"""What all fetchers share: how they are called, and how a package client is run.

Package clients are the machine's own, with the operator's configuration: their mirrors,
proxies and credentials apply. We never learn them, and what a client says is relayed with
user names and passwords taken out of addresses.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Artifact
from menshen.platform.packs.errors import PackFetchError

Report = Callable[[int], None]
SECONDS = 3600
_LOG = "client.log"


class Fetcher(Protocol):
    """Gets one artifact. The caller checks size and hash."""

    def check(self) -> None:
        """Raise ClientMissingError when this machine lacks the client."""

    def fetch(self, artifact: Artifact, *, to: Path, work: Path, report: Report) -> None:
        """Put the artifact at ``to``; ``work`` is an empty folder for anything else.

        A file beside ``to`` that begins with its name may be kept between runs to resume
        from. Raises PackFetchError.
        """


def checked(text: str, pattern: str, *, what: str) -> str:
    """Refuse a manifest's word that is not what a client expects (an option, a new line)."""
    if not re.fullmatch(pattern, text):
        raise ModelFileError(f"the manifest has a malformed {what}")
    return text


def run_client(
    command: Sequence[str], *, work: Path, environment: Mapping[str, str], report: Report
) -> None:
    """Run a package client in ``work``, reporting how many bytes it has written there.

    Raises PackFetchError with the last thing the client said. The client ends with us.
    """
    log = work / _LOG
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (the words are checked, there is no shell)
            list(command),
            cwd=work,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, work, report)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        name = Path(command[0]).name if "pip" not in command else "pip"
        raise PackFetchError(f"{name} failed: {last_words(log)}")


def _watch(process: subprocess.Popen[bytes], work: Path, report: Report) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            report(_bytes_in(work))
        else:
            return
    raise PackFetchError("the package client took more than an hour")


def _bytes_in(folder: Path) -> int:
    """Return the size of the largest file: the one that is being fetched.

    The client makes and removes files and folders meanwhile; what has gone does not count.
    """
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                sizes.append((Path(parent) / name).stat().st_size)
    return max(sizes)


def last_words(log: Path) -> str:
    """Return the last error line of a client's log, without credentials."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    spoken = [line for line in lines if line]
    errors = [line for line in spoken if re.search(r"error|ERR!", line, re.IGNORECASE)]
    line = (errors or spoken or ["it said nothing"])[-1]
    return re.sub(r"(?<=://)[^/@\s]*@", "", line)[:300]
