"""Pictures and clips somebody has, and what the passive signals say of them."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from menshen.cli.common import UnreadableFileError, read_picture
from menshen.errors import MenshenError

if TYPE_CHECKING:
    from menshen.faces.engine import Engine
    from menshen.faces.records import Picture, Pixels
    from menshen.liveness.learned import Learned
    from menshen.liveness.rates import ErrorRate
    from menshen.liveness.records import Observation, SignalResult

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
CLIPS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})
LIVE: Final = "live"
SPOOF: Final = "spoof"
DECIDING = ("screen-print", "minifasnet")
"""The signals whose word counts; the others are parts of the first."""
MOST_SECONDS = 30.0
MOST_RATE = 10.0
"""Frames a second that are looked at; more would say the same."""
MOST_PIXELS = 50_000_000
_USUAL_RATE, _FASTEST = 25.0, 240.0


class NothingToJudgeError(MenshenError):
    """No picture and no clip was named, or the folder has none."""

    code = "nothing-to-judge"
    advice = "Name pictures or a folder of them with --frames, clips with --video."


class ClipUnreadableError(MenshenError):
    """A file is no video clip that can be decoded."""

    code = "clip-unreadable"
    advice = "Use a common format, such as MP4 with H.264, and check that the file plays."


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One presentation: a picture or a clip. ``label`` is ``live``, a kind of attack, or None."""

    path: Path
    clip: bool
    label: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one presentation; with an ``error`` nothing was."""

    source: Source
    frames: int = 0
    results: tuple[SignalResult, ...] = ()
    error: MenshenError | None = None

    @property
    def live(self) -> bool | None:
        """Tell whether every deciding signal takes it for bona fide; None when none spoke."""
        from menshen.liveness.passive import ACCEPT

        said = [r.score for r in self.results if r.signal in DECIDING and r.score is not None]
        return min(said) >= ACCEPT if said else None


def gather(paths: Sequence[Path], *, clips: bool) -> list[Source]:
    """List the presentations: files as named, and all of their kind in folders.

    In a folder, what lies under ``live/`` is labelled so, what lies under ``spoof/`` by the next
    folder's name (the kind of attack), or as ``spoof``. Raises UnreadableFileError for a path
    that is not there.
    """
    sources: list[Source] = []
    for path in paths:
        if not path.exists():
            raise UnreadableFileError(f"{path}: no such file or folder")
        sources += _inside(path, clips=clips) if path.is_dir() else [Source(path, clips)]
    return sources


def _inside(folder: Path, *, clips: bool) -> Iterator[Source]:
    endings = CLIPS if clips else PICTURES
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in endings and path.is_file():
            yield Source(path, clips, _label(path.relative_to(folder).parts))


def _label(parts: tuple[str, ...]) -> str | None:
    if len(parts) < 2 or parts[0] not in (LIVE, SPOOF):
        return None
    return parts[1] if parts[0] == SPOOF and len(parts) > 2 else parts[0]


def judge_all(
    sources: Iterable[Source], *, engine: Engine, learned: Learned | None
) -> Iterator[Judged]:
    """Judge one presentation after the other; one that cannot be read stops nothing."""
    for source in sources:
        try:
            yield _judge(source, engine, learned)
        except MenshenError as error:
            yield Judged(source, error=error)


def _judge(source: Source, engine: Engine, learned: Learned | None) -> Judged:
    from menshen.liveness.passive import judge

    seen: list[int] = []

    def counted() -> Iterator[Observation]:
        for observation in observations(source, engine):
            seen.append(observation.sequence)
            yield observation

    results = judge(counted(), learned=learned)
    return Judged(source, len(seen), results)


def observations(source: Source, engine: Engine) -> Iterator[Observation]:
    """Yield the frames with the face in them; raises one of our errors when unreadable."""
    from menshen.faces.decode import decode
    from menshen.liveness.records import Observation

    frames: Iterable[tuple[float, Picture]]
    if source.clip:
        frames = ((at, _picture(pixels)) for at, pixels in clip_frames(source.path))
    else:
        frames = [(0.0, decode(read_picture(source.path)))]
    for number, (at, picture) in enumerate(frames):
        faces = engine.find(picture)
        face = faces[0] if faces else None
        yield Observation(number, at, at, picture.pixels, len(faces), face, None, None)


def _picture(pixels: Pixels) -> Picture:
    from menshen.faces.records import Picture

    height, width = pixels.shape[:2]
    return Picture(pixels, (width, height))


def clip_frames(path: Path) -> Iterator[tuple[float, Pixels]]:
    """Yield (seconds, RGB pixels) of the first 30 seconds, at most 10 a second.

    Raises ClipUnreadableError when the file is no clip, or has no frame.
    """
    import cv2

    with contextlib.closing(_Capture(path)) as capture:
        rate = capture.rate
        step, number = max(1, math.ceil(rate / MOST_RATE)), 0
        while number < MOST_SECONDS * rate and capture.grab():
            if number % step == 0:
                yield number / rate, np.asarray(cv2.cvtColor(capture.frame(), cv2.COLOR_BGR2RGB))
            number += 1
    if number == 0:
        raise ClipUnreadableError(f"{path.name} has no frame that can be decoded")


class _Capture:
    """OpenCV's reader of one local file; never an address or a camera."""

    def __init__(self, path: Path) -> None:
        import cv2

        self._name = path.name
        self._capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
        size = [self._capture.get(p) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        if not self._capture.isOpened() or size[0] * size[1] > MOST_PIXELS:
            self._capture.release()
            raise ClipUnreadableError(f"{path.name} is no video clip that can be decoded")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= _FASTEST else _USUAL_RATE

    def grab(self) -> bool:
        return bool(self._capture.grab())

    def frame(self) -> Any:
        done, pixels = self._capture.retrieve()
        if not done:
            raise ClipUnreadableError(f"{self._name} is damaged")
        return pixels

    def close(self) -> None:
        self._capture.release()


def error_rates(judged: Sequence[Judged]) -> dict[str, dict[str, ErrorRate]]:
    """Return each signal's rates: under ``live`` its BPCER, under a kind of attack its APCER.

    Empty when nothing is labelled.
    """
    labelled = [one for one in judged if one.source.label and not one.error]
    labels = sorted({str(one.source.label) for one in labelled}, key=lambda x: (x != LIVE, x))
    names = dict.fromkeys(r.signal for one in labelled for r in one.results)
    return {name: {label: _rate(labelled, name, label) for label in labels} for name in names}


def _rate(judged: Sequence[Judged], signal: str, label: str) -> ErrorRate:
    from menshen.liveness.passive import ACCEPT
    from menshen.liveness.rates import ErrorRate

    scores = [
        next((r.score for r in one.results if r.signal == signal), None)
        for one in judged
        if one.source.label == label
    ]
    return ErrorRate.of([None if s is None else (s >= ACCEPT) != (label == LIVE) for s in scores])
