from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Source
from menshen.platform.packs import archives

Make = Callable[[dict[str, bytes]], bytes]
DATA = b"weights" * 100


def source(member: str, data: bytes = DATA) -> Source:
    return Source(artifact="one", member=member, sha256=hashlib.sha256(data).hexdigest())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture(params=["make_zip", "make_tar"])
def make(request: pytest.FixtureRequest) -> Make:
    chosen: Make = request.getfixturevalue(request.param)
    return chosen


def test_reads_what_is_wanted_and_nothing_else(path: Path, make: Make) -> None:
    path.write_bytes(make({"a/one": DATA, "a/two": b"2", "b/one": b"3"}))
    wanted = [source("a/one"), source("a/two", b"2")]
    assert archives.read_sources(path, wanted) == {
        wanted[0].sha256: DATA,
        wanted[1].sha256: b"2",
    }
    assert [p.name for p in path.parent.iterdir()] == ["archive"]


def test_a_file_that_is_no_archive_is_its_own_member(path: Path) -> None:
    path.write_bytes(DATA)
    assert archives.read_sources(path, [source("x.onnx")]) == {source("x").sha256: DATA}


def test_a_missing_member(path: Path, make: Make) -> None:
    path.write_bytes(make({"a/one": DATA}))
    with pytest.raises(ModelFileError, match="no member a/two"):
        archives.read_sources(path, [source("a/one"), source("a/two")])


def test_a_changed_member(path: Path, make: Make) -> None:
    path.write_bytes(make({"a/one": DATA + b"!"}))
    with pytest.raises(ModelFileError, match="not what its hash says"):
        archives.read_sources(path, [source("a/one")])


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/x", "a\\x", "C:\\x"])
def test_names_that_are_no_plain_relative_path(path: Path, make: Make, name: str) -> None:
    path.write_bytes(make({name or "x": DATA}))
    with pytest.raises(ModelFileError, match="plain relative"):
        archives.read_sources(path, [source(name)])


def test_every_truncation_is_refused(path: Path, make: Make) -> None:
    data = make({"a/one": bytes(range(256)) * 20})
    wanted = [source("a/one", bytes(range(256)) * 20)]
    for length in range(4, len(data) - 40, max(1, len(data) // 50)):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            archives.read_sources(path, wanted)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 2000), piece=st.binary(min_size=1, max_size=6))
def test_mutations(path: Path, make: Make, at: int, piece: bytes) -> None:
    data = bytearray(make({"a/one": DATA, "a/two": b"2"}))
    at %= len(data)
    data[at : at + len(piece)] = piece
    path.write_bytes(data)
    with contextlib.suppress(ModelFileError):
        assert archives.read_sources(path, [source("a/one")]) == {source("a/one").sha256: DATA}


def test_a_bomb_in_one_member(path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBER_LIMIT", 10_000)
    bomb = bytes(10_001)
    path.write_bytes(make({"a/one": bomb}))
    with pytest.raises(ModelFileError, match="larger than"):
        archives.read_sources(path, [source("a/one", bomb)])


def test_a_bomb_before_the_member(
    path: Path, make_tar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "STREAM_LIMIT", 100_000)
    path.write_bytes(make_tar({"bomb": bytes(200_000), "a/one": DATA}))
    with pytest.raises(ModelFileError, match="unpacks to more"):
        archives.read_sources(path, [source("a/one")])


def test_a_zip_that_lies_about_a_size(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBER_LIMIT", 10_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/one", bytes(50_000))
    data = buffer.getvalue().replace((50_000).to_bytes(4, "little"), (7).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(ModelFileError):
        archives.read_sources(path, [source("a/one", bytes(50_000))])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_links_are_no_members(path: Path, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a/one")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    path.write_bytes(gzip.compress(buffer.getvalue()))
    with pytest.raises(ModelFileError, match="no member"):
        archives.read_sources(path, [source("a/one")])
