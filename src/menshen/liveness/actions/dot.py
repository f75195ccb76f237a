"""Whether the eyes follow a dot whose path nobody could know before.

The gaze on a moving stimulus as a liveness test: Ali, Deravi and Hoque 2012,
doi:10.1109/EST.2012.12, and 2016, doi:10.1007/s10044-016-0587-2. The iris's place between the
corners of the eye is correlated with the dot's place, for every plausible delay.

Limits: a phone held far away moves the eyes by a few degrees only, which drowns in noise; who
follows with the head instead of the eyes is not seen to follow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST_DELAY = 0.6
"""Seconds from the dot to the eyes to the server; pursuit lags by about 0.15."""
_DELAYS = np.arange(0.0, LONGEST_DELAY + 0.01, 0.05)
CLOSELY = 0.85
"""Correlation from which the eyes follow."""
SMALLEST_SWING = 0.08
"""Share of the eye's width that the iris must travel from end to end."""
OVER_NOISE = 4.0
FEWEST_LOOKS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Dot:
    """Where the dot is at a time: seconds since the step began, and -1..1 across the screen.

    Positive is towards the right edge of the *camera's* picture, which is the person's left.
    """

    time: float
    x: float


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """Where the eyes looked at a time: seconds since the step began, gaze relative to rest."""

    time: float
    gaze: float


def follows(looks: Sequence[Look], dots: Sequence[Dot], *, noise: float) -> bool:
    """Tell whether the eyes went where the dot went, once the dot has gone all its way.

    ``noise`` is the standard deviation of the resting gaze: what is no larger proves nothing.
    """
    if len(looks) < FEWEST_LOOKS or not dots or looks[-1].time < dots[-1].time:
        return False
    closeness, swing = following(looks, dots)
    return closeness >= CLOSELY and swing >= max(SMALLEST_SWING, OVER_NOISE * noise)


def following(looks: Sequence[Look], dots: Sequence[Dot]) -> tuple[float, float]:
    """Return (correlation, swing) at the delay that fits best; swing in shares of eye width."""
    when = np.array([look.time for look in looks])
    gaze = _without_outliers(np.array([look.gaze for look in looks]))
    times, places = np.array([(dot.time, dot.x) for dot in dots]).T
    delayed = [np.interp(when - delay, times, places) for delay in _DELAYS]
    best = max(delayed, key=lambda path: _correlation(path, gaze))
    slope = np.cov(best, gaze)[0, 1] / max(float(np.var(best, ddof=1)), 1e-9)
    return _correlation(best, gaze), float(slope * np.ptp(best))


def _without_outliers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each three neighbours: a blink throws the iris off for a frame."""
    padded = np.pad(values, 1, mode="edge")
    middle: NDArray[np.float64] = np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    return middle


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.sqrt((a @ a) * (b @ b))), 1e-9))
