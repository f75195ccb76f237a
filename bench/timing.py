"""Repeating work fairly: turns, budgets, medians with their spread."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence

Turn = Callable[[], Sequence[float]]
"""Does the work for a moment and returns what each repetition took, in ms."""


@dataclasses.dataclass(frozen=True, slots=True)
class Budget:
    """When to stop.

    After ``rounds``, or earlier once ``seconds`` are used up, but never with fewer than
    ``least`` repetitions.
    """

    rounds: int
    seconds: float
    least: int = 3

    def spent(self, taken: Sequence[float], rounds: int) -> bool:
        """Tell whether a contender with these times (ms) has had enough turns."""
        enough = len(taken) >= self.least
        return enough and (rounds >= self.rounds or sum(taken) >= self.seconds * 1e3)


def interleave(turns: Mapping[str, Turn], budget: Budget) -> dict[str, list[list[float]]]:
    """Give everyone turns, round after round, each round beginning with another one.

    Noise on the machine so falls on all alike. Returns the times in ms by name, a list for
    each turn.
    """
    taken: dict[str, list[list[float]]] = {name: [] for name in turns}
    waiting, done = list(turns), 0
    while waiting:
        for name in waiting:
            taken[name].append(list(turns[name]()))
        done += 1
        waiting = [name for name in waiting if not budget.spent(flat(taken[name]), done)]
        waiting = waiting[1:] + waiting[:1]
    return taken


def flat(turns: Sequence[Sequence[float]]) -> list[float]:
    """Return all times of all turns."""
    return [each for turn in turns for each in turn]


def ratio(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Return how many times longer ``one`` took: the median over the rounds both took part in.

    Each round is compared with itself, so that a change in the machine's load cancels out.
    """
    rounds = zip(one, other, strict=False)
    return statistics.median(statistics.median(a) / statistics.median(b) for a, b in rounds)


def summary(taken: Sequence[float]) -> dict[str, float]:
    """Return count, median, quartiles and extremes, in the unit given."""
    if len(taken) == 1:
        low = middle = high = taken[0]
    else:
        low, middle, high = statistics.quantiles(taken, n=4, method="inclusive")
    figures = {
        "median": middle,
        "quartile_1": low,
        "quartile_3": high,
        "least": min(taken),
        "most": max(taken),
    }
    return {"count": len(taken), **{key: round(value, 3) for key, value in figures.items()}}
