"""Error rates of comparison scores (ISO/IEC 19795-1): FMR, FNMR, EER, DET, calibration rows.

Arrays in, frozen records out. A pair matches when its similarity is at least the threshold.
FMR is the share of impostor pairs that match, FNMR the share of genuine pairs that do not.
Everything is exact at every distinct score: one sort, then sums.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from menshen.errors import MenshenError
from menshen.faces.calibration import COLUMNS

RULE_OF_3 = 3
RULE_OF_30 = 30

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


class TooFewPairsError(MenshenError):
    """There is no genuine pair or no impostor pair to measure with."""

    code = "pairs-too-few"
    advice = "Error rates need pairs of the same person and pairs of different people."


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ErrorRates:
    """Both error rates at every threshold where one of them changes.

    Arrays are (T,): ``threshold`` rises and ends with infinity, ``fmr`` falls from 1 to 0,
    ``fnmr`` rises from 0 to 1.
    """

    threshold: Doubles
    fmr: Doubles
    fnmr: Doubles
    impostor_pairs: int
    genuine_pairs: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Scores sorted once, so that many weightings of the same pairs cost one pass each.

    ``threshold`` is (T,), the distinct scores, then infinity; ``place`` is (P,), each pair's
    score among them; ``same`` is (P,).
    """

    threshold: Doubles
    place: NDArray[np.intp]
    same: Flags

    def rates(self, weights: Doubles | None = None) -> tuple[Doubles, Doubles] | None:
        """Return (fmr, fnmr), (T,) each; None when the weights leave out one kind of pair."""
        genuine = self._histogram(self.same, weights)
        impostor = self._histogram(~self.same, weights)
        if not (genuine.sum() > 0 and impostor.sum() > 0):
            return None
        below = np.concatenate([[0.0], np.cumsum(genuine)[:-1]])
        at_or_above = np.cumsum(impostor[::-1])[::-1]
        return at_or_above / at_or_above[0], below / genuine.sum()

    def _histogram(self, chosen: Flags, weights: Doubles | None) -> Doubles:
        counted = None if weights is None else weights[chosen]
        counts = np.bincount(self.place[chosen], counted, minlength=len(self.threshold))
        return np.asarray(counts, np.float64)


def rank(similarities: ArrayLike, same: ArrayLike) -> Ranked:
    """Sort (P,) scores with their labels; raises ValueError for scores that are not finite."""
    scores, labels = np.asarray(similarities, np.float64), np.asarray(same, np.bool_)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError("every similarity needs one label")
    if not np.isfinite(scores).all():
        raise ValueError("similarities must be finite")
    distinct, place = np.unique(scores, return_inverse=True)
    return Ranked(np.append(distinct, np.inf), place, labels)


def error_rates(similarities: ArrayLike, same: ArrayLike) -> ErrorRates:
    """Return the error rates of (P,) scores and labels (True: the same person).

    Raises TooFewPairsError when either kind of pair is missing.
    """
    ranked = rank(similarities, same)
    rates = ranked.rates()
    if rates is None:
        raise TooFewPairsError("the pairs are all of one kind: same, or different")
    genuine = int(ranked.same.sum())
    return ErrorRates(ranked.threshold, *rates, len(ranked.same) - genuine, genuine)


def equal_error_rate(fmr: Doubles, fnmr: Doubles) -> float:
    """Return the rate where both errors are equal, interpolated between two thresholds."""
    gap = fmr - fnmr
    after = int(np.argmax(gap <= 0))
    if gap[after] == 0:
        return float(fmr[after])
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(fmr[after - 1] + share * (fmr[after] - fmr[after - 1]))


def place_of_fmr(fmr: Doubles, wanted: float) -> int:
    """Return the first place in falling rates where the rate is at most ``wanted``."""
    return int(np.argmax(fmr <= wanted))


def place_of_threshold(thresholds: Doubles, wanted: float) -> int:
    """Return the place in rising thresholds that decides as ``wanted`` does."""
    return int(np.searchsorted(thresholds, wanted, side="left"))


def det_points(rates: ErrorRates) -> tuple[Doubles, Doubles]:
    """Return (fmr, fnmr) at the corners of the DET curve, fmr falling: what a plot needs."""
    pairs = np.stack([rates.fmr, rates.fnmr])
    steps = np.diff(pairs, axis=1) != 0
    turns = np.ones(pairs.shape[1], np.bool_)
    turns[1:-1] = (steps[:, :-1] != steps[:, 1:]).any(axis=0)
    return pairs[0, turns], pairs[1, turns]


def normal_deviate(rates: ArrayLike) -> Doubles:
    """Return the standard normal quantile of each rate, 0 < rate < 1: the DET plot's axes."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile(float(rate)) for rate in np.atleast_1d(np.asarray(rates))])


def smallest_claim(impostor_pairs: int) -> float:
    """Return the smallest FMR that this many independent pairs can speak of (rule of 30)."""
    return RULE_OF_30 / impostor_pairs if impostor_pairs else float("inf")


def calibration_columns(
    similarities: ArrayLike, same: ArrayLike, *, step: float = 0.002
) -> Doubles:
    """Count errors at thresholds ``step`` apart: (T, 5) in the order of ``COLUMNS``.

    The first threshold rejects nobody, the last accepts nobody. Raises TooFewPairsError
    when there is no impostor pair.
    """
    scores, labels = np.asarray(similarities, np.float64), np.asarray(same, np.bool_)
    genuine, impostor = np.sort(scores[labels]), np.sort(scores[~labels])
    if not impostor.size:
        raise TooFewPairsError("a calibration needs pairs of different people")
    low, high = np.floor(scores.min() / step), np.floor(scores.max() / step) + 1
    grid = np.round(np.arange(low, high + 1) * step, 6)
    matches = impostor.size - np.searchsorted(impostor, grid, side="left")
    rejections = np.searchsorted(genuine, grid, side="left")
    totals = np.full(len(grid), impostor.size), np.full(len(grid), genuine.size)
    return np.stack([grid, matches, totals[0], rejections, totals[1]], axis=1).astype(np.float64)


def calibration_csv(columns: Doubles) -> str:
    """Write (T, 5) counts as the CSV text that ``CalibrationTable.parse`` reads."""
    lines = [",".join(COLUMNS)]
    for similarity, *counts in columns.tolist():
        lines.append(f"{similarity:.6f}," + ",".join(str(int(count)) for count in counts))
    return "\n".join(lines) + "\n"


def people_of(left: Sequence[int], right: Sequence[int], same: Sequence[bool]) -> list[int]:
    """Return a person for each picture when only pairs are labelled.

    Pictures are 0..N-1; those joined by pairs of the same person, directly or over others,
    are one person (connected components, union by the smallest number).
    """
    count = max([-1, *left, *right]) + 1
    parent = list(range(count))

    def root(picture: int) -> int:
        while parent[picture] != picture:
            parent[picture] = parent[parent[picture]]
            picture = parent[picture]
        return picture

    for a, b, together in zip(left, right, same, strict=True):
        if together:
            low, high = sorted((root(a), root(b)))
            parent[high] = low
    return [root(picture) for picture in range(count)]
