"""How a person's face is at rest: what every movement is measured against.

Eyes open 0.18 to 0.34 of their width and heads rest at pitches of -4 to +16 degrees, by person
and by camera: no constant fits. The first calm frames of the session give the values, by their
median, so that a blink among them does not matter (Hampel 1974, doi:10.2307/2285666).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from menshen.faces.eyes import eye_centres
from menshen.faces.records import Floats
from menshen.liveness.iris import LEFT_CORNERS, RIGHT_CORNERS
from menshen.liveness.records import Observation

CALM_FRAMES = 7
"""Half a second at 15 frames a second."""
CALM_TURN = 2.5
"""Degrees from frame to frame that a head at rest stays below."""
CALM_CHANGE = 0.06
"""Share of its size by which a face at rest changes, and of its width it moves, at most."""
ROUGHLY_AHEAD = 25.0
"""Degrees; who looks away further is asked to look ahead, not measured."""
_DEVIATION = 1.4826  # of a normal distribution, over its median absolute deviation


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What one frame says about posture and expression.

    ``yaw``, ``pitch``, ``roll`` are degrees as in `HeadPose`, ``openness`` and ``gaze`` as in
    `EyeState`, ``mouth`` as in `Observation`. ``size`` is the distance of the eye centres in
    space, in pixels over the picture's longest side; ``x`` and ``y`` the middle between the
    eyes in the same unit.
    """

    yaw: float
    pitch: float
    roll: float
    openness: float
    gaze: float
    mouth: float
    size: float
    x: float
    y: float


@dataclasses.dataclass(frozen=True, slots=True)
class Resting:
    """Resting values of one session, and how much they vary at rest (standard deviations)."""

    values: Reading
    deviations: Reading


@dataclasses.dataclass(frozen=True, slots=True)
class RestingState:
    """The run of calm frames so far."""

    calm: tuple[Reading, ...] = ()


START = RestingState()


def reading(observation: Observation) -> Reading | None:
    """Return what a frame says, or None when there is no face in it."""
    face, eyes, mouth = observation.face, observation.eyes, observation.mouth
    if face is None or eyes is None or mouth is None:
        return None
    longest = max(observation.pixels.shape[:2])
    x, y = eye_centres(face.mesh.points).mean(0) / longest
    return Reading(
        yaw=face.pose.yaw,
        pitch=face.pose.pitch,
        roll=face.pose.roll,
        openness=eyes.openness,
        gaze=eyes.gaze,
        mouth=mouth,
        size=_eye_distance(face.mesh.points) / longest,
        x=float(x),
        y=float(y),
    )


def step(state: RestingState, observation: Observation) -> RestingState:
    """Take one frame. Movement, a lost face or a second one starts the run anew."""
    if len(state.calm) >= CALM_FRAMES:
        return state
    now = reading(observation)
    if now is None or observation.faces != 1 or not _is_ahead(now):
        return START
    if state.calm and not _is_calm(state.calm[-1], now):
        return RestingState((now,))
    return RestingState((*state.calm, now))


def resting(state: RestingState) -> Resting | None:
    """Return the resting values, or None while there have been too few calm frames."""
    if len(state.calm) < CALM_FRAMES:
        return None
    table = np.array([dataclasses.astuple(r) for r in state.calm])
    middle = np.median(table, axis=0)
    deviations = np.median(np.abs(table - middle), axis=0) * _DEVIATION
    return Resting(_as_reading(middle), _as_reading(deviations))


def _is_ahead(now: Reading) -> bool:
    return max(abs(now.yaw), abs(now.pitch), abs(now.roll)) <= ROUGHLY_AHEAD


def _is_calm(before: Reading, now: Reading) -> bool:
    turns = (now.yaw - before.yaw, now.pitch - before.pitch, now.roll - before.roll)
    shifts = (now.size - before.size, now.x - before.x, now.y - before.y)
    return max(map(abs, turns)) <= CALM_TURN and max(map(abs, shifts)) <= CALM_CHANGE * before.size


def _as_reading(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Reading:
    return Reading(*(float(value) for value in values))


def _eye_distance(points: Floats) -> float:
    """Return the distance of the eye centres in space: turning the head does not shrink it."""
    right, left = points[list(RIGHT_CORNERS)].mean(0), points[list(LEFT_CORNERS)].mean(0)
    return float(np.linalg.norm(right - left))
