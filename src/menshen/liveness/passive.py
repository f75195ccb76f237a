"""All passive signals over somebody's pictures and clips: no challenge, nobody who cooperates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from menshen.liveness import glare, screen_print
from menshen.liveness.learned import Learned
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.sampling import Look, Sampled, sample, summary

ACCEPT: Final = 0.5
"""At this score and above a signal takes the presentation for bona fide."""


def judge(
    observations: Iterable[Observation], *, learned: Learned | None = None
) -> tuple[SignalResult, ...]:
    """Run every passive signal over one picture (one observation) or one clip.

    Results come in a fixed order: the built-in looks, glare, their fusion, then the learned
    signal where it is given. A single picture gets no glare: that needs frames.
    """
    looks = _looks(learned)
    states = dict.fromkeys(looks, Sampled())
    shine: glare.State = ()
    count = 0
    for observation in observations:
        count += 1
        shine = glare.step(shine, observation)
        states = {name: sample(looks[name], states[name], observation) for name in looks}
    results = {name: summary(name, state) for name, state in states.items()}
    if count > 1:
        results[glare.NAME] = glare.result(shine)
    return tuple(results[name] for name in ORDER if name in results)


ORDER: Final = (*screen_print.LOOKS, glare.NAME, screen_print.NAME, "minifasnet")
"""The signals' names, as they are told."""


def _looks(learned: Learned | None) -> dict[str, Look]:
    looks: dict[str, Look] = {**screen_print.LOOKS, screen_print.NAME: screen_print.look}
    return looks if learned is None else {**looks, learned.name: learned.look}
