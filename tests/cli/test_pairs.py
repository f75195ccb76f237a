from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.cli.common import UnreadableFileError
from menshen.cli.pairs import (
    Pair,
    PairsFileError,
    PairsHeaderError,
    PairsRowError,
    parse_pairs,
    read_pairs,
)

ROOT = Path("pictures")


@pytest.mark.parametrize(
    "header",
    ["a,b,same", "left,right,label", "path1,path2,same", " Path1 , PATH2,Is Same", "b,a,match"],
)
def test_usual_headers_are_understood(header: str) -> None:
    first, second = ("y", "x") if header.startswith("b") else ("x", "y")
    pair = parse_pairs(f"{header}\n{first}.jpg,{second}.jpg,1\n", root=ROOT)[0]
    assert pair == Pair(ROOT / "x.jpg", ROOT / "y.jpg", same=True)


@pytest.mark.parametrize(
    ("word", "same"),
    [
        *[(word, True) for word in ("1", "true", "True", "SAME", "yes", "1.0", "genuine", " 1 ")],
        *[(word, False) for word in ("0", "-1", "false", "different", "no", "0.0", "impostor")],
    ],
)
def test_labels(word: str, same: bool) -> None:
    assert parse_pairs(f"a,b,same\nx,y,{word}\n", root=ROOT)[0].same is same


def test_optional_columns_in_any_order() -> None:
    text = "group,same,b,person_b,a,person_a,notes\noffice,0,y,Q,x,P,blurred\n"
    assert parse_pairs(text, root=ROOT) == (
        Pair(ROOT / "x", ROOT / "y", same=False, group="office", person_left="P", person_right="Q"),
    )


def test_blank_lines_and_quotes() -> None:
    text = '\n\na,b,same\n\n"with, comma.jpg",y,1\n , ,\n'
    assert [pair.left.name for pair in parse_pairs(text, root=ROOT)] == ["with, comma.jpg"]


def test_absolute_paths_stay_absolute() -> None:
    assert parse_pairs("a,b,same\n/x,y,1\n", root=ROOT)[0].left == Path("/x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\nx,y\n", "no column for 'same'"),
        ("a,left,b,same\nx,x,y,1\n", "more than one column means 'left'"),
        ("a,b,same,person_a\nx,y,1,P\n", "come together"),
    ],
)
def test_bad_headers(text: str, words: str) -> None:
    with pytest.raises(PairsHeaderError, match=words) as caught:
        parse_pairs(text, root=ROOT)
    assert caught.value.code == "pairs-header-invalid"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,y", "line 3: 2 columns"),
        ("x,y,maybe", "line 3: 'maybe' says neither"),
        (",y,1", "line 3: a picture's path is empty"),
        ("x\0,y,1", "line 3"),
        ('x,"y,1', "line 3"),
    ],
)
def test_bad_rows_name_their_line(row: str, words: str) -> None:
    with pytest.raises(PairsRowError, match=words) as caught:
        parse_pairs(f"a,b,same\nx,y,1\n{row}\n", root=ROOT)
    assert caught.value.code == "pairs-row-invalid"


def test_labels_and_people_must_agree() -> None:
    with pytest.raises(PairsRowError, match="line 2: the label and the person"):
        parse_pairs("a,b,same,person_a,person_b\nx,y,1,P,Q\n", root=ROOT)


def test_no_pairs() -> None:
    for text in ("", "\n", "a,b,same\n"):
        with pytest.raises(PairsFileError, match="no pairs"):
            parse_pairs(text, root=ROOT)


def test_files_resolve_paths_beside_them_or_at_a_root(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes("\ufeffa,b,same\nx,y,1\n".encode())
    assert read_pairs(file)[0].left == tmp_path / "x"
    assert read_pairs(file, root=ROOT)[0].left == ROOT / "x"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        read_pairs(tmp_path / "absent.csv")
    file = tmp_path / "pairs.csv"
    file.write_bytes(b"a,b,same\n\xff\xfe,y,1\n")
    with pytest.raises(PairsFileError, match="UTF-8"):
        read_pairs(file)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_pairs_or_one_of_our_errors(text: str) -> None:
    for prefix in ("", "a,b,same\n"):
        with suppress(PairsFileError):
            assert parse_pairs(prefix + text, root=ROOT)
