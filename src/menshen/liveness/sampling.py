"""From single frames to a stream: look now and then, remember a little, take the median.

Passive signals look at one frame. In a stream neighbouring frames say the same, and looking
costs: a session has 0.6 CPU-seconds for everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from menshen.liveness.records import Observation, SignalResult

INTERVAL = 1.9
"""Seconds of the client's clock between two looks."""
KEPT = 32

Look = Callable[[Observation], SignalResult]


@dataclasses.dataclass(frozen=True, slots=True)
class Sampled:
    """What has been seen: the last looks that could speak, and when the latest was.

    ``silence`` is the reason of the latest look that could not.
    """

    results: tuple[SignalResult, ...] = ()
    latest: float | None = None
    silence: str = "nothing-seen"


def sample(look: Look, state: Sampled, observation: Observation) -> Sampled:
    """Look at the frame if it is due; one without a face or a score leaves only its reason.

    A client's clock that runs backwards makes every frame due: it must not buy silence.
    """
    if observation.face is None:
        return dataclasses.replace(state, silence="no-face")
    if not _due(state, observation.captured):
        return state
    seen = look(observation)
    if seen.score is None:
        return dataclasses.replace(state, latest=observation.captured, silence=seen.code)
    kept = (*state.results, seen)[-KEPT:]
    return dataclasses.replace(state, results=kept, latest=observation.captured)


def _due(state: Sampled, now: float) -> bool:
    return state.latest is None or not 0 <= now - state.latest < INTERVAL


def summary(signal: str, state: Sampled) -> SignalResult:
    """Return the frame with the median score (the lower of two middle ones), for all of them."""
    if not state.results:
        return SignalResult(signal, None, state.silence)
    ranked = sorted(state.results, key=lambda result: result.score or 0.0)
    middle = ranked[(len(ranked) - 1) // 2]
    evidence = {**middle.evidence, "frames": float(len(ranked))}
    return SignalResult(signal, middle.score, middle.code, evidence)
