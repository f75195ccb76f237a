"""Straight edges round the face: a device's bezel or the edges of a sheet of paper.

Source: line segments after von Gioi et al. 2010 (LSD, IEEE TPAMI 32(4)); the idea that an
artefact's context gives it away: Komulainen, Hadid and Pietikäinen 2013, Context Based Face
Anti-Spoofing (BTAS).

Limits: an artefact that fills the frame shows no edges; doors, shelves and picture frames behind
a living person may stand as a frame round the head, so three sides that fit one rectangle are
asked for. A curved sheet has fewer straight edges.
"""

from __future__ import annotations

from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Box, Floats, Pixels
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.regions import graded

NAME: Final = "bezel"
LIMIT, WIDTH = 0.5, 0.05
"""Three sides drawn for this share of two face widths are a frame; see decision 9."""
LONGEST = 400
"""Pixels of the frame's longer side, for this look."""
SHORTEST = 0.15
NEAR, FAR = 0.55, 2.5
"""Where an edge may lie: distance from the face's centre, in face widths."""
STRAIGHT = 5.0
"""Degrees an edge may lean out of the rectangle: what perspective does to a tilted sheet."""
_TILTS = range(-30, 31, 3)
_BINS = np.arange(NEAR, FAR + 0.09, 0.09)
_STEPS = np.linspace(-1, 1, 21)
_BORDER = 3.0
Flags = NDArray[np.bool_]


def bezel(observation: Observation) -> SignalResult:
    """Look for a frame round the face; evidence is how much of each side is drawn, 0..1."""
    if observation.face is None:
        return SignalResult(NAME, None, "no-face")
    sides = drawn_sides(observation.pixels, observation.face.detection.box)
    third = float(np.sort(sides)[1])
    score = graded(third, limit=LIMIT, width=WIDTH)
    code = "no-frame" if score >= 0.5 else "frame-seen"
    names = ("left", "right", "top", "bottom")
    return SignalResult(NAME, score, code, dict(zip(names, sides.tolist(), strict=True)))


def drawn_sides(pixels: Pixels, box: Box) -> Floats:
    """Return how much of the left, right, top and bottom of the best rectangle is drawn, 0..1."""
    segments = _segments(pixels, box)
    if not len(segments):
        return np.zeros(4, np.float32)
    candidates = [_sides(_tilted(segments, tilt)) for tilt in _TILTS]
    return max(candidates, key=lambda sides: (float(np.sort(sides)[1]), float(sides.sum())))


def _segments(pixels: Pixels, box: Box) -> Floats:
    """Return (n, 2, 2) ends of line segments, in face widths from the face's centre."""
    scale = min(1.0, LONGEST / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found = cast("Floats | None", cv2.createLineSegmentDetector().detect(grey)[0])
    if found is None:
        return np.zeros((0, 2, 2), np.float32)
    ends = np.asarray(found, np.float32).reshape(-1, 2, 2)
    ends = ends[~_on_border(ends, small.shape[1], small.shape[0])] / scale
    ends = (ends - np.array(box.centre, np.float32)) / np.float32(box.width)
    long_enough = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) >= SHORTEST
    return np.asarray(ends[long_enough], np.float32)


def _on_border(ends: Floats, width: int, height: int) -> Flags:
    """Tell which segments run along the frame's own border, as black bars do."""
    x, y = ends[..., 0], ends[..., 1]
    sides = (x < _BORDER, x > width - 1 - _BORDER, y < _BORDER, y > height - 1 - _BORDER)
    return np.asarray(np.any([side.all(axis=1) for side in sides], axis=0), np.bool_)


def _tilted(ends: Floats, degrees: float) -> Floats:
    """Turn the picture about the face's centre, clockwise."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    return np.asarray(np.matmul(ends, turn), np.float32)


def _sides(ends: Floats) -> Floats:
    upright = _drawn(ends[..., 0], ends[..., 1])
    level = _drawn(ends[..., 1], ends[..., 0])
    return np.array([*upright, *level], np.float32)


def _drawn(across: Floats, along: Floats) -> tuple[float, float]:
    """Return how much of the two sides at negative and positive ``across`` is drawn.

    Only what runs along the face, and by half its width beyond on both ends, counts.
    """
    lean = np.abs(across[:, 1] - across[:, 0])
    straight = lean <= np.tan(np.radians(STRAIGHT)) * np.abs(along[:, 1] - along[:, 0])
    first, last = np.sort(along[straight], axis=1).T
    covered = (first[:, None] <= _STEPS) & (last[:, None] >= _STEPS)
    offset = across[straight].mean(axis=1)
    return _most(-offset, covered), _most(offset, covered)


def _most(offset: Floats, covered: Flags) -> float:
    """Return what is drawn of the fullest strip, two bins wide, as a share of its length."""
    strip = np.digitize(offset, _BINS)
    drawn = np.zeros((len(_BINS) + 1, len(_STEPS)), bool)
    np.logical_or.at(drawn, strip, covered)
    inside = drawn[1:-1]
    return float((inside[:-1] | inside[1:]).mean(axis=1).max())
