"""Whether sequence numbers, clocks and intervals are those of a camera read now, or were fed in.

Each frame carries a sequence number and the time the page captured it; the server adds when it
came. A network may hold frames back and let them go in bursts, so lateness proves little. But
no network delivers a frame before it was captured: where the client's clock gains on ours by
more than the first frame can have been late, frames were made faster than time. Camera and
browser never tick evenly to the microsecond; a generator's times do, unless it pretends.

Limits: a page cannot tell a virtual camera from a real one, and whoever writes the frames writes
their times: an attacker who takes the trouble passes all of this. It stops recordings, crude
tools and scripts, and binds the capture clock that the other signals rely on. The defence
against injection is the challenge nobody can know beforehand (ISO/IEC 30107-1; CEN/TS 18099:2024
on injection attack detection).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from menshen.liveness.records import Observation, SignalResult

SIGNAL = "injection"
FASTEST_RATE = 75.0
"""Frames a second; more than a browser hands out from any usual camera."""
MOST_GAINED = 1.5
"""Seconds the client's clock may gain on the server's: how late a first frame can have been."""
MOST_DRIFT = 0.02
"""Relative difference of two honest clocks; quartz stays far below."""
LONGEST_DELAY = 6.0
"""Seconds a frame may have waited, more than the quickest one did."""
MOST_REGULAR = 50e-6
"""Seconds of spread about even intervals; cameras and browsers show hundreds of microseconds."""
FEWEST_FRAMES = 10
FEWEST_TO_JUDGE = 40
COPIED_INTERVALS = 12
_DISTINCT_INTERVALS = 8
_MOST_AT_ONCE = 8  # frames with one capture time: some browsers round to a tenth of a second
_TICK = 1e-4
_MOST_KEPT = 1200


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """When one frame was captured (client's clock) and received (server's clock), seconds."""

    captured: float
    received: float


@dataclasses.dataclass(frozen=True, slots=True)
class InjectionState:
    """The stream's times so far; ``fault`` is the first that cannot be, None without one."""

    sequence: int | None = None
    arrivals: tuple[Arrival, ...] = ()
    fault: str | None = None


def step(state: InjectionState, observation: Observation) -> InjectionState:
    """Look at the numbers of one frame; its pixels do not matter. The first fault is kept."""
    arrival = Arrival(observation.captured, observation.received)
    fault = state.fault or _fault(state, observation.sequence, arrival)
    return InjectionState(
        sequence=observation.sequence,
        arrivals=(*state.arrivals, arrival)[:_MOST_KEPT],
        fault=fault,
    )


def result(state: InjectionState) -> SignalResult:
    """Say whether the stream's numbers are those of a camera.

    Codes: ``injection-pending`` (fewer than ten frames), ``clocks-plausible``; with score 0
    ``sequence-not-rising``, ``time-not-finite``, ``capture-time-repeated``,
    ``capture-time-backward``, ``faster-than-time``, ``capture-rate-impossible``,
    ``frames-too-late``, ``intervals-copied``; with score 0.4 ``intervals-too-regular``, since a
    browser that rounds its clock to the camera's very interval looks the same.
    """
    count = len(state.arrivals)
    if state.fault is None and count < FEWEST_FRAMES:
        return SignalResult(SIGNAL, None, "injection-pending", {"frames": float(count)})
    if state.fault is not None:
        return SignalResult(SIGNAL, 0.0, state.fault, {"frames": float(count)})
    evidence = _evidence(state.arrivals)
    code = _implausible(evidence)
    if code is None:
        return SignalResult(SIGNAL, 1.0, "clocks-plausible", evidence)
    return SignalResult(SIGNAL, 0.4 if code == "intervals-too-regular" else 0.0, code, evidence)


def interval_pattern(state: InjectionState) -> str | None:
    """Return a digest of the first intervals, to be looked up among those of earlier sessions.

    Two sessions with the same pattern share one recording's times. None while there are fewer
    than `FEWEST_TO_JUDGE` frames, or the intervals vary too little to be anybody's own.
    """
    if len(state.arrivals) < FEWEST_TO_JUDGE:
        return None
    ticks = _ticks(state.arrivals[:FEWEST_TO_JUDGE])
    if len(set(ticks.tolist())) < _DISTINCT_INTERVALS:
        return None
    return hashlib.sha256(ticks.astype("<i8").tobytes()).hexdigest()


def _fault(state: InjectionState, sequence: int, now: Arrival) -> str | None:
    """Return what cannot be about this frame, whatever comes later."""
    if not np.isfinite([now.captured, now.received]).all():
        return "time-not-finite"
    if state.sequence is None or not state.arrivals:
        return None
    if sequence <= state.sequence:
        return "sequence-not-rising"
    before, first = state.arrivals[-1], state.arrivals[0]
    if now.captured < before.captured:
        known = any(arrival.captured == now.captured for arrival in state.arrivals)
        return "capture-time-repeated" if known else "capture-time-backward"
    latest = state.arrivals[-_MOST_AT_ONCE:]
    if len(latest) == _MOST_AT_ONCE and all(a.captured == now.captured for a in latest):
        return "capture-time-repeated"
    elapsed = now.received - first.received
    allowed = elapsed * (1 + MOST_DRIFT) + MOST_GAINED
    return "faster-than-time" if now.captured - first.captured > allowed else None


def _evidence(arrivals: Sequence[Arrival]) -> dict[str, float]:
    captured = np.array([arrival.captured for arrival in arrivals])
    delays = np.array([arrival.received for arrival in arrivals]) - captured
    span = float(captured[-1] - captured[0])
    return {
        "frames": float(len(arrivals)),
        "frames-per-second": (len(arrivals) - 1) / span if span > 0 else float(len(arrivals)),
        "clock-gained-seconds": float(delays[0] - delays.min()),
        "longest-delay-seconds": float(delays.max() - delays.min()),
        "interval-spread-seconds": _spread(np.diff(captured)),
        "burst-share": float((np.diff(delays) < -0.5 / FASTEST_RATE).mean()),
        "copied-intervals": float(_copied(_ticks(arrivals))),
    }


def _implausible(evidence: dict[str, float]) -> str | None:
    if evidence["frames-per-second"] > FASTEST_RATE:
        return "capture-rate-impossible"
    if evidence["longest-delay-seconds"] > LONGEST_DELAY:
        return "frames-too-late"
    if evidence["copied-intervals"] >= COPIED_INTERVALS:
        return "intervals-copied"
    judged = evidence["frames"] >= FEWEST_TO_JUDGE
    regular = evidence["interval-spread-seconds"] < MOST_REGULAR
    return "intervals-too-regular" if judged and regular else None


def _spread(intervals: NDArray[np.float64]) -> float:
    """Return the deviation of intervals from whole multiples of the usual one, in seconds.

    Lost frames give double intervals, so multiples are what an even clock is measured by.
    """
    usual = float(np.median(intervals))
    if usual <= 0:
        return float(intervals.std())
    multiples = np.maximum(np.rint(intervals / usual), 1.0)
    return float(np.sqrt(np.mean((intervals - multiples * usual) ** 2)))


def _ticks(arrivals: Sequence[Arrival]) -> NDArray[np.int64]:
    intervals = np.diff([arrival.captured for arrival in arrivals])
    return np.asarray(np.rint(intervals / _TICK), np.int64)


def _copied(ticks: NDArray[np.int64]) -> int:
    """Return the length of the longest run of varied intervals that came before just so."""
    longest = 0
    for lag in range(COPIED_INTERVALS, len(ticks)):
        same = np.flatnonzero(np.append(ticks[lag:] != ticks[:-lag], True))
        starts = np.append(-1, same[:-1]) + 1
        for begin, end in zip(starts + lag, same + lag, strict=True):
            varied = end - begin > longest and len(set(ticks[begin:end].tolist()))
            longest = int(end - begin) if varied >= _DISTINCT_INTERVALS else longest
    return longest
