"""Glare that comes and goes over a flat surface: glass and glossy paper held in a hand.

Source: Yu, Ng, Tian and Sun 2008, Recaptured Photo Detection Using Specularity Distribution
(ICIP). A face has small highlights that stay with nose and brow; a sheet mirrors a whole lamp or
window at one angle and nothing at the next.

Limits: matt paper and dim rooms have no glare; colours flashed by our own screen brighten faces
too, so it is for passive clips only. It has never been measured on real clips, only on arrays and
actors: it is told to the operator and convicts nobody.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from menshen.faces.records import Pixels
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.regions import graded, part

NAME: Final = "glare"
LIMIT, WIDTH = 0.2, 0.02
"""A fifth of the face lit up beyond its usual state."""
FEWEST, KEPT = 12, 90
BRIGHT, PALE = 235, 40
_ACROSS = 64

State = tuple[float, ...]
"""The glossy share of the face's box in each of the last 90 frames."""


def step(state: State, observation: Observation) -> State:
    """Measure one frame; one without a face leaves no trace."""
    if observation.face is None:
        return state
    face = part(observation.pixels, observation.face.detection.box)
    return (*state, glossy(face))[-KEPT:] if face.size else state


def glossy(face: Pixels) -> float:
    """Return the share of pixels that are bright and nearly white, 0..1."""
    stride = max(1, min(face.shape[:2]) // _ACROSS)
    few = face[::stride, ::stride]
    top, bottom = few.max(axis=2), few.min(axis=2)
    return float(((top >= BRIGHT) & (top - bottom <= PALE)).mean())


def result(state: State) -> SignalResult:
    """Judge how far the glossy share rises above its median."""
    if len(state) < FEWEST:
        return SignalResult(NAME, None, "too-few-frames")
    rise = float(np.percentile(state, 95) - np.median(state))
    score = graded(rise, limit=LIMIT, width=WIDTH)
    code = "no-glare" if score >= 0.5 else "glare-comes-and-goes"
    return SignalResult(NAME, score, code, {"rise_share": rise, "frames": float(len(state))})
