from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from menshen.platform.packs import side_load
from menshen.platform.packs.errors import PackMissingError
from menshen.platform.packs.install import Found
from menshen.platform.packs.records import Step, silent


def test_search_hashes_every_file_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "a" / "b" / "two").write_bytes(b"2")
    steps: list[Step] = []
    found = side_load.search(tmp_path, progress=steps.append)
    assert set(found.files) == {hashlib.sha256(data).hexdigest() for data in (b"1", b"2")}
    assert [(step.work, step.total) for step in steps] == [("verify", 2)] * 2


def test_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        (tmp_path / str(number)).write_bytes(bytes([number]) * number)
    monkeypatch.setattr(side_load, "MAX_FILES", 3)
    monkeypatch.setattr(side_load, "MAX_BYTES", 4)
    assert len(side_load.search(tmp_path, progress=silent).files) == 3


def test_search_of_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PackMissingError, match="not a folder"):
        side_load.search(tmp_path / "nowhere", progress=silent)


def test_touched_and_missing(packs: Any) -> None:
    manifest = packs.known["small"].manifest
    wheel = packs.world.artifacts["wheel"]["sha256"]
    nothing, some = Found(), Found({wheel: Path("x")})
    assert not side_load.touched(manifest, nothing)
    assert side_load.touched(manifest, some)
    left = side_load.missing(manifest, some, wanted=manifest.models)
    assert [source.artifact for source in left] == ["sdist"]
    assert side_load.missing(manifest, nothing, wanted=manifest.models[:1])[0].artifact == "wheel"
    bare = Found({manifest.models[1].sources[0].sha256: Path("x")})
    assert [s.artifact for s in side_load.missing(manifest, bare, wanted=manifest.models)] == [
        "wheel"
    ]
