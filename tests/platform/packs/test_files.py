from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from menshen.platform.packs import files
from menshen.platform.packs.errors import PackStorageError, PackStoreBusyError


def test_hashes_and_reports(tmp_path: Path) -> None:
    data = os.urandom(2 * files.CHUNK + 5)
    (tmp_path / "x").write_bytes(data)
    seen: list[int] = []
    digest = files.sha256_of(tmp_path / "x", report=seen.append)
    assert digest == hashlib.sha256(data).hexdigest()
    assert seen == [files.CHUNK, 2 * files.CHUNK, len(data)]


def test_write_whole_replaces(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "x", b"old")
    files.write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


def test_write_whole_leaves_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_whole(tmp_path / "x", b"old")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        files.write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_settle_replaces_a_folder(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"x")
    files.settle(tmp_path / "new", target=tmp_path / "old")
    assert [p.name for p in (tmp_path / "old").iterdir()] == ["new"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "cannot be written"),
        (errno.EROFS, "cannot be written"),
    ],
)
def test_storage_errors(number: int, words: str) -> None:
    with pytest.raises(PackStorageError, match=words), files.storage_errors():
        raise OSError(number, "x")


def test_other_errors_pass() -> None:
    with pytest.raises(OSError, match="x") as caught, files.storage_errors():
        raise OSError(errno.EIO, "x")
    assert caught.value.errno == errno.EIO


def test_the_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    def work() -> Any:
        with files.locked(tmp_path / "lock", seconds=0, waiting=lambda: None):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    with files.locked(tmp_path / "lock", seconds=0, waiting=lambda: None):
        pass


def test_the_lock_tells_once_and_gives_up(tmp_path: Path) -> None:
    told: list[bool] = []
    with (
        files.locked(tmp_path / "lock", seconds=0, waiting=lambda: None),
        pytest.raises(PackStoreBusyError),
        files.locked(tmp_path / "lock", seconds=0.25, waiting=lambda: told.append(True)),
    ):
        pass
    assert told == [True]
