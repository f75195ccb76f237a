"""The movements that actions are made of: how far is far enough, and when it is over.

Every threshold is a distance from the person's own resting value. Between `far` and `back`
lies a band in which nothing is decided, so that noise at the edge is no series of movements.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from menshen.liveness.resting import Reading, Resting

_SMALLEST = 1e-3


@dataclasses.dataclass(frozen=True, slots=True)
class Movement:
    """One movement away from rest.

    ``measure`` says how far it has gone (unit in ``unit``); it shows from ``far`` on and is
    over below ``back``. ``deliberate`` ones nobody makes by the way: an action that does not
    tolerate them fails when they happen.
    """

    name: str
    measure: Callable[[Reading, Reading], float]
    unit: str
    far: float
    back: float
    deliberate: bool

    def shows(self, now: Reading, resting: Resting) -> bool:
        """Tell whether the movement has gone far enough in this frame."""
        return self.measure(now, resting.values) >= self.far

    def rests(self, now: Reading, resting: Resting) -> bool:
        """Tell whether the face is at rest, as far as this movement goes."""
        return self.measure(now, resting.values) <= self.back


def _left(now: Reading, rest: Reading) -> float:
    return now.yaw - rest.yaw


def _right(now: Reading, rest: Reading) -> float:
    return rest.yaw - now.yaw


def _down(now: Reading, rest: Reading) -> float:
    return now.pitch - rest.pitch


def _shut(now: Reading, rest: Reading) -> float:
    return 1 - now.openness / max(rest.openness, _SMALLEST)


def _mouth(now: Reading, rest: Reading) -> float:
    return now.mouth - rest.mouth


def _nearer(now: Reading, rest: Reading) -> float:
    return now.size / max(rest.size, _SMALLEST) - 1


MOVEMENTS = (
    Movement("left", _left, "degrees", far=14, back=7, deliberate=True),
    Movement("right", _right, "degrees", far=14, back=7, deliberate=True),
    # Half a head shake is smaller than a turn, and nobody stops in the middle of one.
    Movement("somewhat-left", _left, "degrees", far=8, back=4, deliberate=False),
    Movement("somewhat-right", _right, "degrees", far=8, back=4, deliberate=False),
    Movement("down", _down, "degrees", far=8, back=4, deliberate=True),
    Movement("shut", _shut, "share of resting openness", far=0.24, back=0.12, deliberate=False),
    Movement("mouth", _mouth, "share of face height", far=0.05, back=0.025, deliberate=True),
    Movement("nearer", _nearer, "share of resting size", far=0.4, back=0.2, deliberate=True),
)
