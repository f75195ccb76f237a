"""Reading who is on which picture: a folder with one sub-folder for each person, or a CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

from menshen.errors import MenshenError

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
PICTURE_COLUMNS = ("picture", "path", "file", "image")
PERSON_COLUMNS = ("person", "id", "person_id", "subject", "name")


class EnrolledError(MenshenError):
    """The folder or file does not say who is on which picture."""

    code = "enrolled-invalid"
    advice = (
        "Name a folder with one sub-folder of pictures for each person, or a CSV file in UTF-8 "
        "with the columns picture and person."
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Enrolled:
    """One picture of one person."""

    picture: Path
    person: str


def read_enrolled(source: Path) -> tuple[Enrolled, ...]:
    """Read a folder or a CSV file; relative paths start where the file is.

    A picture listed twice for one person counts once. Raises EnrolledError.
    """
    found = _folder(source) if source.is_dir() else _file(source)
    owners: dict[Path, str] = {}
    for entry in found:
        if owners.setdefault(entry.picture, entry.person) != entry.person:
            raise EnrolledError(f"{entry.picture.name} is said to show two different people")
    if not owners:
        raise EnrolledError(f"{source} has no pictures of people")
    return tuple(Enrolled(picture, person) for picture, person in owners.items())


def _folder(source: Path) -> list[Enrolled]:
    folders = sorted(path for path in source.iterdir() if path.is_dir())
    return [
        Enrolled(picture, folder.name)
        for folder in folders
        for picture in sorted(folder.rglob("*"))
        if picture.suffix.lower() in PICTURES and picture.is_file()
    ]


def _file(source: Path) -> list[Enrolled]:
    try:
        text = source.read_text("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if any(row)]
    except OSError as error:
        raise EnrolledError(f"{source}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EnrolledError(f"{source} is not a CSV file in UTF-8") from error
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    places = [_place(header, names) for names in (PICTURE_COLUMNS, PERSON_COLUMNS)]
    return [_entry(source.parent, row, places, line) for line, row in enumerate(rows[1:], 2)]


def _place(header: list[str], names: tuple[str, ...]) -> int:
    places = [i for i, cell in enumerate(header) if cell in names]
    if len(places) != 1:
        raise EnrolledError(f"the header needs one column {names[0]!r}")
    return places[0]


def _entry(root: Path, row: list[str], places: list[int], line: int) -> Enrolled:
    cells = [row[place].strip() if place < len(row) else "" for place in places]
    if not all(cells) or "\0" in cells[0]:
        raise EnrolledError(f"row {line} lacks a picture or a person")
    return Enrolled(root / cells[0], cells[1])
