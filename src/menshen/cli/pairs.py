"""Reading a CSV file of picture pairs, as `evaluate` and `calibrate` take it."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from menshen.cli.common import UnreadableFileError
from menshen.errors import MenshenError

NAMES: Mapping[str, tuple[str, ...]] = {
    "left": ("a", "left", "path1", "path_a", "file1", "image1", "first", "picture1", "picture_a"),
    "right": (
        "b",
        "right",
        "path2",
        "path_b",
        "file2",
        "image2",
        "second",
        "picture2",
        "picture_b",
    ),
    "same": ("same", "label", "match", "genuine", "issame", "is_same"),
    "group": ("group",),
    "person_left": ("person_a", "person1", "person_left", "id1", "id_a"),
    "person_right": ("person_b", "person2", "person_right", "id2", "id_b"),
}
"""The column names that are understood; case and surrounding blanks do not matter."""

SAME = {"1", "true", "yes", "same", "genuine", "match", "positive"}
DIFFERENT = {"0", "-1", "false", "no", "different", "diff", "impostor", "non-match", "negative"}
LARGEST = 1024 * 1024 * 1024


class PairsFileError(MenshenError):
    """The file of pairs cannot be used."""

    code = "pairs-file-invalid"
    advice = (
        "Give a CSV file in UTF-8 with a header line and the columns a, b and same "
        "(1 or 0); group, person_a and person_b may follow."
    )


class PairsHeaderError(PairsFileError):
    """The header lacks a column, or has one twice."""

    code = "pairs-header-invalid"


class PairsRowError(PairsFileError):
    """One row is wrong; the message has its line number."""

    code = "pairs-row-invalid"


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, and whether they show the same person."""

    left: Path
    right: Path
    same: bool
    group: str = ""
    person_left: str = ""
    person_right: str = ""


def read_pairs(file: Path, *, root: Path | None = None) -> tuple[Pair, ...]:
    """Read a CSV file; relative paths start at ``root``, or where the file is.

    Raises PairsHeaderError, PairsRowError (with the line number) or PairsFileError.
    """
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise UnreadableFileError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PairsFileError(f"{file} is not UTF-8 text") from error
    return parse_pairs(text, root=root or file.parent)


def parse_pairs(text: str, *, root: Path) -> tuple[Pair, ...]:
    """Read CSV text; raises as ``read_pairs`` does."""
    reader = csv.reader(io.StringIO(text), strict=True)
    pairs = tuple(_rows(reader, root))
    if not pairs:
        raise PairsFileError("the file has no pairs")
    return pairs


def _rows(reader: Iterable[list[str]], root: Path) -> Iterator[Pair]:
    columns: dict[str, int] | None = None
    line = 0
    try:
        for row in reader:
            line = getattr(reader, "line_num", line + 1)
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _columns(row)
                continue
            yield _pair(row, columns, root, line)
    except csv.Error as error:
        raise PairsRowError(f"line {line + 1}: {error}") from error


def _columns(header: list[str]) -> dict[str, int]:
    cells = [cell.strip().lower().replace(" ", "_") for cell in header]
    columns: dict[str, int] = {}
    for column, names in NAMES.items():
        places = [i for i, cell in enumerate(cells) if cell in names]
        if len(places) > 1:
            raise PairsHeaderError(f"line 1: more than one column means {column!r}")
        if places:
            columns[column] = places[0]
    for column in ("left", "right", "same"):
        if column not in columns:
            raise PairsHeaderError(
                f"line 1: no column for {column!r} (one of: {', '.join(NAMES[column])})"
            )
    if ("person_left" in columns) != ("person_right" in columns):
        raise PairsHeaderError("line 1: person_a and person_b come together or not at all")
    return columns


def _pair(row: list[str], columns: Mapping[str, int], root: Path, line: int) -> Pair:
    if len(row) <= max(columns.values()):
        raise PairsRowError(f"line {line}: {len(row)} columns, fewer than the header has")
    cells = {column: row[place].strip() for column, place in columns.items()}
    if not cells["left"] or not cells["right"]:
        raise PairsRowError(f"line {line}: a picture's path is empty")
    if "\0" in cells["left"] + cells["right"]:
        raise PairsRowError(f"line {line}: a path holds a null character")
    same = _same(cells["same"], line)
    people = cells.get("person_left", ""), cells.get("person_right", "")
    if all(people) and (people[0] == people[1]) != same:
        raise PairsRowError(f"line {line}: the label and the person columns contradict each other")
    return Pair(root / cells["left"], root / cells["right"], same, cells.get("group", ""), *people)


def _same(text: str, line: int) -> bool:
    word = text.lower().removesuffix(".0")
    if word in SAME:
        return True
    if word in DIFFERENT:
        return False
    raise PairsRowError(f"line {line}: {text[:40]!r} says neither same (1) nor different (0)")
