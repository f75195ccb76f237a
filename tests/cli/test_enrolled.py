from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.cli.enrolled import Enrolled, EnrolledError, read_enrolled


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_a_folder_has_a_folder_for_each_person(tmp_path: Path) -> None:
    one = touch(tmp_path / "ann" / "1.jpg")
    two = touch(tmp_path / "ann" / "deep" / "2.PNG")
    three = touch(tmp_path / "李雷" / "a.webp")
    touch(tmp_path / "ann" / "notes.txt")
    touch(tmp_path / "stray.jpg")
    assert read_enrolled(tmp_path) == (
        Enrolled(one, "ann"),
        Enrolled(two, "ann"),
        Enrolled(three, "李雷"),
    )


@pytest.mark.parametrize("header", ["picture,person", "Path , ID", "image,subject,camera"])
def test_a_csv_names_pictures_and_people(tmp_path: Path, header: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"\ufeff{header}\na/1.jpg,ann,x\n\n/b/2.jpg, bob ,y\n", "utf-8")
    assert read_enrolled(file) == (
        Enrolled(tmp_path / "a/1.jpg", "ann"),
        Enrolled(Path("/b/2.jpg"), "bob"),
    )


def test_a_picture_listed_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("picture,person\n1.jpg,ann\n1.jpg,ann\n", "utf-8")
    assert len(read_enrolled(file)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "one column 'picture'"),
        ("picture,camera\n1.jpg,2\n", "one column 'person'"),
        ("picture,path,person\n1.jpg,2,3\n", "one column 'picture'"),
        ("picture,person\n1.jpg\n", "row 2 lacks"),
        ("picture,person\n1.jpg,ann\n,bob\n", "row 3 lacks"),
        ("picture,person\n1.jpg,ann\n1.jpg,bob\n", "two different people"),
        ("picture,person\n", "no pictures"),
        ('picture,person\n"1.jpg,ann\n', "not a CSV"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(EnrolledError, match=words):
        read_enrolled(file)


def test_other_things_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "picture.jpg"
    binary.write_bytes(b"\xff\xd8\xff\x00")
    for source in (binary, tmp_path / "missing.csv", tmp_path):
        with pytest.raises(EnrolledError) as caught:
            read_enrolled(source)
        assert caught.value.code == "enrolled-invalid"


@given(text=st.text(max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "people.csv"
    file.write_text("picture,person\n" + text, "utf-8", errors="replace")
    with contextlib.suppress(EnrolledError):
        assert all(entry.person for entry in read_enrolled(file))
