"""Error rates of attack detection, with intervals (ISO/IEC 30107-3, clause 13).

APCER: the share of attack presentations of one kind taken for bona fide. BPCER: the share of bona
fide presentations taken for attacks. Presentations the signal could say nothing about are counted
apart, as non-responses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

from menshen.faces.calibration import upper_bound

TAIL = 0.975


@dataclasses.dataclass(frozen=True, slots=True)
class ErrorRate:
    """``errors`` of ``trials``, and how many presentations got no answer.

    ``low`` and ``high`` are the two-sided 95 % interval of Clopper and Pearson (1934). It is
    exact for independent trials; several frames of one person are not, so the truth is wider.
    """

    errors: int
    trials: int
    low: float
    high: float
    unanswered: int = 0

    @classmethod
    def of(cls, wrong: Sequence[bool | None]) -> Self:
        """Count presentations: True for an error, None for no answer."""
        answered = [one for one in wrong if one is not None]
        errors, trials = sum(answered), len(answered)
        low, high = interval(errors, trials)
        return cls(errors, trials, low, high, len(wrong) - trials)

    @property
    def rate(self) -> float | None:
        """Errors over trials, 0..1; None without trials."""
        return self.errors / self.trials if self.trials else None


def interval(errors: int, trials: int) -> tuple[float, float]:
    """Return the two-sided 95 % interval of an error rate; 0..1 where nothing was tried.

    Raises ValueError when there are more errors than trials.
    """
    high = upper_bound(errors, trials, confidence=TAIL)
    low = 1 - upper_bound(trials - errors, trials, confidence=TAIL) if errors else 0.0
    return low, high
