"""What the signals see, and what they say.

A signal is a pair of pure functions: ``step(state, observation) -> state`` takes one frame
after the other, ``result(state) -> SignalResult`` says what has been seen so far. State is an
immutable record, handed in and out: the caller keeps it, replays it, throws it away.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from menshen.faces.records import Face, Floats, Pixels

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class EyeState:
    """Both eyes in one frame.

    ``openness`` is the eyelid opening over the eye's width, from mesh and iris contour
    together; ``gaze`` is where the iris stands between the eye's corners, as a share of the
    eye's width, positive towards the right edge of the picture.
    """

    openness: float
    gaze: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One frame of a session, read once and shared by all signals.

    ``captured`` is the client's clock and ``received`` the server's, both in seconds; only
    differences of the same clock mean anything. ``pixels`` is (H, W, 3) RGB. ``faces`` counts
    the faces found; ``face`` is the largest, None when there is none, and then ``eyes`` and
    ``mouth`` are None too. ``mouth`` is the lip opening over the face's height.
    """

    sequence: int
    captured: float
    received: float
    pixels: Pixels
    faces: int
    face: Face | None
    eyes: EyeState | None
    mouth: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class SignalResult:
    """What one signal says.

    ``score`` is 0..1, 1 speaks for a live person; None when it has seen too little to speak.
    ``code`` is a stable reason, lower-kebab-case; ``evidence`` the numbers behind it, named
    with their units, for the operator only.
    """

    signal: str
    score: float | None
    code: str
    evidence: Mapping[str, float] = dataclasses.field(default_factory=lambda: NOTHING)


@dataclasses.dataclass(frozen=True, slots=True)
class Colour:
    """A colour the screen shows, linear share of each channel, 0..1."""

    red: float
    green: float
    blue: float

    def vector(self) -> Floats:
        """Return (3,) float32."""
        return np.array([self.red, self.green, self.blue], np.float32)
