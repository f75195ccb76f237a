from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from menshen.actors import attacks, cast, render
from menshen.cli import presentations
from menshen.cli.common import UnreadableFileError
from menshen.cli.presentations import (
    ClipUnreadableError,
    Judged,
    Source,
    clip_frames,
    error_rates,
    gather,
    judge_all,
    observations,
)
from menshen.errors import PictureFormatError
from menshen.faces.engine import Engine
from menshen.faces.records import Pixels
from menshen.liveness.records import SignalResult


def picture(path: Path, pixels: Pixels | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((96, 128, 3), 90, np.uint8) if pixels is None else pixels
    path.write_bytes(cv2.imencode(path.suffix, pixels[..., ::-1])[1].tobytes())
    return path


def clip(path: Path, *, frames: int = 20, rate: float = 10.0, pixels: Pixels | None = None) -> Path:
    """Write a clip whose red rises by 10 a frame, or which shows the same picture."""
    height, width = (96, 128) if pixels is None else pixels.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    assert writer.isOpened()
    for i in range(frames):
        colour = np.full((height, width, 3), (30, 60, min(255, 10 * i)), np.uint8)
        writer.write(colour if pixels is None else np.ascontiguousarray(pixels[..., ::-1]))
    writer.release()
    return path


def test_labels_come_from_the_folders(tmp_path: Path) -> None:
    for name in ("live/a.jpg", "spoof/b.png", "spoof/print/c.jpg", "spoof/replay/d.JPG", "e.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "live" / "notes.txt").touch()
    labels = {s.path.name: s.label for s in gather([tmp_path], clips=False)}
    assert labels == {
        "a.jpg": "live", "b.png": "spoof", "c.jpg": "print", "d.JPG": "replay", "e.jpg": None,
    }  # fmt: skip


def test_named_files_need_no_ending_and_have_no_label(tmp_path: Path) -> None:
    file = picture(tmp_path / "live" / "x.jpg").rename(tmp_path / "frame")
    assert gather([file], clips=False) == [Source(file, clip=False)]
    assert gather([file], clips=True) == [Source(file, clip=True)]


def test_clips_and_pictures_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.mp4", "c.webm", "d.webp"):
        (tmp_path / name).touch()
    assert [s.path.name for s in gather([tmp_path], clips=True)] == ["b.mp4", "c.webm"]
    assert [s.path.name for s in gather([tmp_path], clips=False)] == ["a.jpg", "d.webp"]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no such file"):
        gather([tmp_path / "nothing.jpg"], clips=False)


def test_frames_of_a_clip_in_rgb_with_their_times(tmp_path: Path) -> None:
    frames = list(clip_frames(clip(tmp_path / "a.avi")))
    assert [at for at, _ in frames] == pytest.approx([i / 10 for i in range(20)])
    for i, (_, pixels) in enumerate(frames):
        assert pixels.shape == (96, 128, 3)
        assert pixels[..., 0].mean() == pytest.approx(10 * i, abs=6)
        assert pixels[..., 2].mean() == pytest.approx(30, abs=6)


def test_a_fast_clip_is_thinned_and_a_long_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [at for at, _ in clip_frames(clip(tmp_path / "a.avi", frames=60, rate=30))]
    assert times == pytest.approx([i / 10 for i in range(20)])
    monkeypatch.setattr(presentations, "MOST_SECONDS", 0.5)
    assert len(list(clip_frames(clip(tmp_path / "b.avi", frames=60, rate=30)))) == 5


@pytest.mark.parametrize("content", [b"", b"no clip at all" * 50, b"\x00" * 5000])
def test_what_is_no_clip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ClipUnreadableError, match=r"a\.mp4"):
        list(clip_frames(path))


def test_a_clip_cut_short_is_judged_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.avi")
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            assert len(list(clip_frames(path))) <= 20
        except ClipUnreadableError:
            continue


def test_a_clip_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presentations, "MOST_PIXELS", 1000)
    with pytest.raises(ClipUnreadableError):
        list(clip_frames(clip(tmp_path / "a.avi")))


def test_one_that_cannot_be_read_stops_nothing(tmp_path: Path, engine: Engine) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    good = picture(tmp_path / "good.png")
    sources = gather([bad, good], clips=False)
    first, second = judge_all(sources, engine=engine, learned=None)
    assert isinstance(first.error, PictureFormatError)
    assert (first.results, first.live) == ((), None)
    assert (second.error, second.frames, second.live) == (None, 1, None)
    assert {result.code for result in second.results} == {"no-face"}


@pytest.fixture(scope="module")
def actor() -> Pixels:
    return np.asarray(render(cast()[0]), np.uint8)


def test_an_actor_and_a_print_of_one(tmp_path: Path, engine: Engine, actor: Pixels) -> None:
    live = picture(tmp_path / "live.jpg", actor)
    fake = picture(tmp_path / "fake.jpg", attacks.printed([actor])[0])
    judged = judge_all(gather([live, fake], clips=False), engine=engine, learned=None)
    assert [one.live for one in judged] == [True, False]


def test_a_clip_of_an_actor(tmp_path: Path, engine: Engine, actor: Pixels) -> None:
    source = Source(clip(tmp_path / "a.avi", frames=14, pixels=actor), clip=True)
    seen = list(observations(source, engine))
    assert [one.sequence for one in seen] == list(range(14))
    assert all(one.faces == 1 and one.face is not None for one in seen)
    (judged,) = judge_all([source], engine=engine, learned=None)
    assert (judged.frames, judged.live) == (14, True)
    assert "glare" in {result.signal for result in judged.results}


def said(label: str | None, *scores: float | None) -> Judged:
    """Return a judged presentation with scores of screen-print and minifasnet."""
    names = ("screen-print", "minifasnet")
    results = tuple(SignalResult(n, s, "x") for n, s in zip(names, scores, strict=False))
    return Judged(Source(Path("a.jpg"), clip=False, label=label), 1, results)


def test_live_is_what_every_deciding_signal_takes_for_live() -> None:
    assert said(None, 0.9, 0.5).live is True
    assert said(None, 0.9, 0.4).live is False
    assert said(None, None, 0.9).live is True
    assert said(None, None, None).live is None


def test_parts_of_a_signal_do_not_decide() -> None:
    one = Judged(Source(Path("a.jpg"), clip=False), 1, (SignalResult("detail", 0.0, "x"),))
    assert one.live is None


def test_error_rates_by_signal_and_kind_of_attack() -> None:
    judged = [
        said("live", 0.9, 0.9),
        said("live", 0.2, None),
        said("print", 0.9, 0.1),
        said("print", 0.1, 0.1),
        said("replay", 0.1, 0.6),
        said(None, 0.1, 0.1),
        Judged(Source(Path("b.jpg"), clip=False, label="live"), error=ClipUnreadableError("x")),
    ]
    rates = error_rates(judged)
    counts = {
        (signal, label): (rate.errors, rate.trials, rate.unanswered)
        for signal, by_label in rates.items()
        for label, rate in by_label.items()
    }
    assert counts == {
        ("screen-print", "live"): (1, 2, 0),
        ("screen-print", "print"): (1, 2, 0),
        ("screen-print", "replay"): (0, 1, 0),
        ("minifasnet", "live"): (0, 1, 1),
        ("minifasnet", "print"): (0, 2, 0),
        ("minifasnet", "replay"): (1, 1, 0),
    }


def test_without_labels_there_are_no_rates() -> None:
    assert error_rates([said(None, 0.9)]) == {}
