"""One face, one take: no cut, no frame seen before, no jump, the same person from start to end.

A stream that was put together shows it: frames come again, the picture changes at once, the face
stands elsewhere a moment later. Each frame leaves a fingerprint (equal pixels) and a perceptual
hash (a small grey thumbnail without its mean). A loop is a stretch that is far more like an
earlier stretch than frames are like their neighbours; a living person does not repeat two
seconds so exactly. Detection of copied stretches by comparing every frame
with every other: Wang and Farid, "Exposing Digital Forgeries in Video by Detecting
Duplication", MM&Sec 2007.

Limits: a loop of somebody who hardly moves, with noise laid over it, is not found here, nor a
stretch played backward once (to and fro again and again is a loop). A face exchanged in every
frame (a deepfake) is continuous, and somebody else who takes the very same stance in the same
light may be too: the templates say who it is, within the bound the caller gives, and only for
the moments they are from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Box, Floats, Pixels, Template
from menshen.faces.scores import similarity
from menshen.liveness.records import Observation, SignalResult

SIGNAL = "continuity"
LONGEST_LOSS = 1.0
"""Seconds without a face before it counts as lost: a turned or blurred head is missed briefly."""
LONGEST_GAP = 2.0
"""Seconds between two frames in which anything could have been exchanged."""
FARTHEST, FASTEST = 0.5, 3.0
"""A face may move by so many of its widths at once, and so many more each second."""
MOST_GROWTH = 1.6
MOST_COMPANY = 0.1
"""Share of the frames that may show a second face (a poster, somebody walking by)."""
LONGEST_FREEZE = 1.0
SHORTEST_LOOP = 2.0
"""Seconds that must come again to be called a loop; a shaken head repeats one or so."""
LIKE_A_COPY = 0.1
"""Squared difference to the copy over squared difference to the neighbour."""
CUT = 0.55
"""Correlation of two neighbouring thumbnails below which the picture was exchanged."""
FEWEST_FRAMES = 10
MOST_FRAMES = 1200

_THUMBNAIL = (24, 18)
_FACE_THUMBNAIL = (16, 16)
_WIDTH_LOOKED_AT = 320
_SHORTEST_INTERVAL = 1e-3  # seconds; no camera is faster
_STILL = 0.02  # squared grey levels a pixel: below it nothing moves and nothing can be said


@dataclasses.dataclass(frozen=True, slots=True)
class PersonBound:
    """When two templates are the same person: similarity at least ``lowest``, with ``weights``."""

    weights: tuple[float, ...]
    lowest: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is remembered of one frame: no picture, and nothing a person is known by.

    ``thumbnail`` is (432,) float32 without its mean; ``fingerprint`` is of the pixels.
    """

    time: float
    fingerprint: bytes
    thumbnail: Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The latest frame with a face: when, where, and the face's own thumbnail."""

    time: float
    box: Box
    thumbnail: Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ContinuityState:
    """The stream so far. ``fault`` is the first break that cannot be mended, None without one."""

    person: PersonBound | None = None
    frames: tuple[Frame, ...] = ()
    seen: Seen | None = None
    fault: str | None = None
    crowded: int = 0
    first: Template | None = None
    templates: int = 0
    lowest: float = 1.0


def start(person: PersonBound | None = None) -> ContinuityState:
    """Return the state before the first frame; without ``person`` templates are not judged."""
    return ContinuityState(person=person)


def step(state: ContinuityState, observation: Observation) -> ContinuityState:
    """Look at one frame. The first fault is kept; frames beyond `MOST_FRAMES` are not stored."""
    thin = _thinned(observation.pixels)
    frame = Frame(observation.captured, _fingerprint(thin), _thumbnail(thin, _THUMBNAIL))
    seen = _seen(observation)
    fault = state.fault or _fault(state, frame, seen)
    return dataclasses.replace(
        state,
        frames=(*state.frames, frame)[:MOST_FRAMES],
        seen=seen or state.seen,
        fault=fault,
        crowded=state.crowded + (observation.faces > 1),
    )


def meet(state: ContinuityState, template: Template) -> ContinuityState:
    """Compare a template of this moment with the session's first.

    Raises ContractMismatchError for a template of another pack.
    """
    if state.person is None:
        return state
    first = state.first or template
    alike = similarity(first, template, weights=state.person.weights)
    return dataclasses.replace(
        state, first=first, templates=state.templates + 1, lowest=min(state.lowest, alike)
    )


def result(state: ContinuityState) -> SignalResult:
    """Say whether this is one take of one person; costs some milliseconds, so not every frame.

    Codes: ``continuity-pending`` (fewer than ten frames), ``one-take``, and with score 0
    ``face-jumped``, ``face-exchanged``, ``face-lost``, ``picture-cut``, ``stream-gap``,
    ``several-faces``, ``frames-repeated``, ``frames-frozen``, ``frames-looped``,
    ``person-changed``.
    """
    count = len(state.frames)
    if count < FEWEST_FRAMES and state.fault is None:
        return SignalResult(SIGNAL, None, "continuity-pending", {"frames": float(count)})
    repeats, freeze = _repeats(state.frames), _longest_freeze(state.frames)
    copy = _likeness_to_a_copy(state.frames)
    evidence = {
        "frames": float(count),
        "repeated-frames": float(repeats),
        "longest-freeze-seconds": freeze,
        "likeness-to-copy": copy,
        "crowded-share": state.crowded / max(1, count),
        "templates": float(state.templates),
        "lowest-similarity": state.lowest,
    }
    code = state.fault or _lost(state) or _recurrence(repeats, freeze, copy) or _who(state)
    return SignalResult(SIGNAL, 0.0 if code else 1.0, code or "one-take", evidence)


def _fault(state: ContinuityState, frame: Frame, seen: Seen | None) -> str | None:
    """Return what breaks between the frames before and this one."""
    if state.frames:
        before = state.frames[-1]
        if frame.time - before.time > LONGEST_GAP:
            return "stream-gap"
        if _correlation(before.thumbnail, frame.thumbnail) < CUT:
            return "picture-cut"
    if state.seen is None:
        return None
    if frame.time - state.seen.time > LONGEST_LOSS:
        return "face-lost"
    return None if seen is None else _jump(state.seen, seen)


def _jump(before: Seen, now: Seen) -> str | None:
    elapsed = min(max(now.time - before.time, 0.0), LONGEST_LOSS)
    (x, y), (u, v) = before.box.centre, now.box.centre
    width = max(before.box.width, 1.0)
    growth = max(now.box.width, 1.0) / width
    if np.hypot(u - x, v - y) > (FARTHEST + FASTEST * elapsed) * width:
        return "face-jumped"
    if max(growth, 1 / growth) > MOST_GROWTH + FASTEST * elapsed:
        return "face-jumped"
    soon = elapsed < 0.25
    return "face-exchanged" if soon and _correlation(before.thumbnail, now.thumbnail) < 0 else None


def _lost(state: ContinuityState) -> str | None:
    """Return what is wrong with the faces: none, gone at the end, or more than one."""
    if state.seen is None or state.frames[-1].time - state.seen.time > LONGEST_LOSS:
        return "face-lost"
    return "several-faces" if state.crowded > MOST_COMPANY * len(state.frames) else None


def _recurrence(repeats: int, freeze: float, copy: float) -> str | None:
    if repeats > 1:
        return "frames-repeated"
    if freeze > LONGEST_FREEZE:
        return "frames-frozen"
    return "frames-looped" if copy < LIKE_A_COPY else None


def _who(state: ContinuityState) -> str | None:
    changed = state.person is not None and state.lowest < state.person.lowest
    return "person-changed" if changed else None


def _seen(observation: Observation) -> Seen | None:
    if observation.face is None:
        return None
    box = observation.face.detection.box
    return Seen(observation.captured, box, _face_thumbnail(observation.pixels, box))


def _thinned(pixels: Pixels) -> Pixels:
    """Return every n-th pixel, so that about 320 columns remain."""
    every = max(1, pixels.shape[1] // _WIDTH_LOOKED_AT)
    return np.ascontiguousarray(pixels[::every, ::every])


def _fingerprint(pixels: Pixels) -> bytes:
    """Return a digest of the pixels: a camera's noise never gives the same twice."""
    return hashlib.blake2b(pixels.tobytes(), digest_size=8).digest()


def _thumbnail(pixels: Pixels, size: tuple[int, int]) -> Floats:
    small = cv2.resize(pixels, (size[0] * 4, size[1] * 4), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).ravel()
    return np.asarray(mean - mean.mean(), np.float32)


def _face_thumbnail(pixels: Pixels, box: Box) -> Floats:
    height, width = pixels.shape[:2]
    left, top = max(0, round(box.x)), max(0, round(box.y))
    right, bottom = min(width, round(box.x + box.width)), min(height, round(box.y + box.height))
    if right - left < 2 or bottom - top < 2:
        return np.zeros(_FACE_THUMBNAIL[0] * _FACE_THUMBNAIL[1], np.float32)
    return _thumbnail(pixels[top:bottom, left:right], _FACE_THUMBNAIL)


def _correlation(a: Floats, b: Floats) -> float:
    """Return -1..1; 1 where one of them is flat, which says nothing."""
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / scale if scale > 1e-3 else 1.0


def _repeats(frames: Sequence[Frame]) -> int:
    """Count frames equal to an earlier one, not counting a camera that is read twice in a row."""
    fresh = [frame.fingerprint for frame in _distinct(frames)]
    return len(fresh) - len(set(fresh))


def _distinct(frames: Sequence[Frame]) -> list[Frame]:
    return [
        frame
        for i, frame in enumerate(frames)
        if i == 0 or frame.fingerprint != frames[i - 1].fingerprint
    ]


def _longest_freeze(frames: Sequence[Frame]) -> float:
    """Return the seconds of the longest stretch of equal frames."""
    longest, since = 0.0, frames[0].time if frames else 0.0
    for before, frame in itertools.pairwise(frames):
        if frame.fingerprint != before.fingerprint:
            since = frame.time
        longest = max(longest, frame.time - since)
    return longest


def _likeness_to_a_copy(frames: Sequence[Frame]) -> float:
    """Return how much nearer than their neighbours a stretch is to an earlier one; 1: none is."""
    distinct = _distinct(frames)
    window = _frames_in(distinct, SHORTEST_LOOP)
    if window < 4 or len(distinct) <= window:
        return 1.0
    apart = _squared_differences(np.stack([frame.thumbnail for frame in distinct]))
    steps = np.append(0.0, np.diagonal(apart, offset=1))
    lags = range(window // 3, len(apart) - window + 1)
    return min(
        (_least_share(np.diagonal(apart, lag), steps[lag:], window) for lag in lags), default=1.0
    )


def _frames_in(frames: Sequence[Frame], seconds: float) -> int:
    if len(frames) < 2:
        return 0
    interval = (frames[-1].time - frames[0].time) / (len(frames) - 1)
    return round(seconds / interval) if interval > _SHORTEST_INTERVAL else 0


def _squared_differences(rows: Floats) -> NDArray[np.float64]:
    """Return the mean squared difference of every two rows of (n, d), as (n, n)."""
    wide = rows.astype(np.float64)
    power = (wide**2).sum(axis=1)
    apart = power[:, None] + power[None, :] - 2 * (wide @ wide.T)
    return np.asarray(np.maximum(apart, 0.0) / rows.shape[1])


def _least_share(copies: NDArray[np.float64], steps: NDArray[np.float64], window: int) -> float:
    """Return the least mean of copies over mean of steps in any window that moves."""
    ones = np.ones(window) / window
    near = np.convolve(copies, ones, mode="valid")
    moved = np.convolve(steps, ones, mode="valid")
    moving = moved > _STILL
    return min(1.0, float((near[moving] / moved[moving]).min())) if moving.any() else 1.0
