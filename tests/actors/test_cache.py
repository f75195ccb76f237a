import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from menshen.actors import Pose, Scene, cache, cast, render
from menshen.actors.cache import FrameCache, code_version

ACTOR = cast()[0]
SCENE = Scene(width=120, height=90)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with one cached frame; returns the frame's file."""
    frames = FrameCache(tmp_path)
    frames.frame(ACTOR, scene=SCENE)
    return frames.path(ACTOR, scene=SCENE)


def no_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        pytest.fail("rendered although cached")

    monkeypatch.setattr(cache, "render", fail)


def test_a_frame_is_kept_without_loss(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = render(ACTOR, scene=SCENE)
    no_rendering(monkeypatch)
    again = FrameCache(tmp_path).frame(ACTOR, scene=SCENE)
    assert again.dtype == np.uint8
    assert np.array_equal(again, rendered)


def _variants(record: Any) -> list[Any]:
    """The record with each of its fields changed in turn."""
    return [dataclasses.replace(record, **{f.name: 7}) for f in dataclasses.fields(record)]


def test_everything_a_frame_depends_on_is_in_its_key(tmp_path: Path) -> None:
    frames = FrameCache(tmp_path)
    other = cast()[1]
    scenes = [SCENE, *_variants(SCENE)]
    poses = [Pose(), *_variants(Pose())]
    paths = [frames.path(ACTOR, scene=s) for s in scenes]
    paths += [frames.path(ACTOR, pose=p) for p in poses]
    paths.append(frames.path(other, scene=SCENE))
    assert len(set(paths)) == len(paths)


def test_another_version_of_the_code_has_other_keys(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "code_version", lambda: "later")
    assert FrameCache(tmp_path).path(ACTOR, scene=SCENE) != kept


def test_the_code_version_is_a_digest() -> None:
    assert len(bytes.fromhex(code_version())) == 32


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "text", "padded"])
def test_damaged_files_are_rendered_anew_and_mended(
    damage: str, kept: Path, tmp_path: Path
) -> None:
    whole = kept.read_bytes()
    kept.write_bytes(
        {
            "empty": b"",
            "truncated": whole[: len(whole) // 2],
            "flipped": whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:],
            "text": b"not a frame at all, but longer than a digest",
            "padded": whole + b"x",
        }[damage]
    )
    frame = FrameCache(tmp_path).frame(ACTOR, scene=SCENE)
    assert np.array_equal(frame, render(ACTOR, scene=SCENE))
    assert kept.read_bytes() == whole


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        FrameCache(tmp_path).frame(ACTOR, scene=SCENE)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_several_writers_agree(tmp_path: Path) -> None:
    results: list[np.ndarray] = []

    def work() -> None:
        results.append(FrameCache(tmp_path).frame(ACTOR, scene=SCENE))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(results[0], r) for r in results)
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1
