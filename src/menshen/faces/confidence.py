"""Confidence intervals of error rates by the bootstrap, and the summary of an evaluation.

Pairs that share a person are not independent, so people are resampled, not pairs: a pair
counts as often as its first person was drawn times its second (the pigeonhole bootstrap:
Owen 2007; for comparison scores: Poh and Bengio 2007). It errs on the wide side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from menshen.faces.calibration import upper_bound
from menshen.faces.evaluation import (
    Doubles,
    Flags,
    Ranked,
    TooFewPairsError,
    equal_error_rate,
    place_of_fmr,
    place_of_threshold,
    rank,
    smallest_claim,
)

DRAWS = 1000
CONFIDENCE = 0.95

Units = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A measured rate (0..1) with its two-sided 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True)
class AtRate:
    """The share of genuine pairs accepted (TAR = 1 - FNMR) where FMR is at most ``fmr``.

    ``supported`` is False when there are too few impostor pairs to speak of this FMR.
    ``threshold`` is infinite when no measured similarity is strict enough.
    """

    fmr: float
    threshold: float
    tar: Estimate
    supported: bool


@dataclasses.dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a given threshold really does: ``claimed_fmr`` is what it was published for."""

    claimed_fmr: float
    threshold: float
    fmr: Estimate
    fnmr: Estimate


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """The error rates of one set of scores."""

    genuine_pairs: int
    impostor_pairs: int
    eer: Estimate
    at_rates: tuple[AtRate, ...]
    at_thresholds: tuple[AtThreshold, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Compared pairs: (P,) similarities, labels, and the person on either side (numbers >= 0)."""

    similarities: Doubles
    same: Flags
    left: Units
    right: Units

    def chosen(self, pairs: Flags) -> Scores:
        """Return some of the pairs."""
        return Scores(
            self.similarities[pairs], self.same[pairs], self.left[pairs], self.right[pairs]
        )


def summarise(
    scores: Scores,
    *,
    rates: Sequence[float],
    thresholds: Sequence[tuple[float, float]] = (),
    draws: int = DRAWS,
) -> Summary:
    """Measure the equal error rate, TAR at ``rates``, and both errors at given thresholds.

    ``thresholds`` holds (claimed FMR, similarity). Raises TooFewPairsError when one kind of
    pair is missing.
    """
    ranked = rank(scores.similarities, scores.same)
    measure = _measure(ranked, rates, [threshold for _, threshold in thresholds])
    observed = ranked.rates()
    if observed is None:
        raise TooFewPairsError("the pairs are all of one kind: same, or different")
    values = measure(*observed)
    samples = [measure(*drawn) for drawn in _redrawn(ranked, scores, draws)]
    genuine = int(scores.same.sum())
    impostor = len(scores.same) - genuine
    pairs = _pairs_behind(genuine, impostor, len(rates), len(thresholds))
    estimates = _estimates(values, np.array(samples), pairs)
    return Summary(
        genuine,
        impostor,
        estimates[0],
        _at_rates(rates, ranked.threshold, observed[0], estimates[1:], impostor),
        _at_thresholds(thresholds, estimates[1 + len(rates) :]),
    )


def weights(scores: Scores, rng: np.random.Generator) -> Doubles:
    """Draw as many people as there are, with replacement; return how often each pair counts."""
    people = int(max(scores.left.max(), scores.right.max())) + 1
    drawn = np.bincount(rng.integers(0, people, people), minlength=people)
    left, right = drawn[scores.left], drawn[scores.right]
    return np.where(scores.left == scores.right, left, left * right).astype(np.float64)


def compact(left: Sequence[int], right: Sequence[int]) -> tuple[Units, Units]:
    """Give the people of pairs numbers 0..N-1; a pair whose people appear nowhere else is one unit.

    Such pairs are independent of all others, and are drawn as pairs.
    """
    names, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    one, two = place[: len(left)], place[len(left) :]
    seen = np.bincount(one, minlength=len(names))
    seen += np.bincount(two[one != two], minlength=len(names))
    alone = (seen[one] == 1) & (seen[two] == 1)
    two = np.where(alone, one, two)
    _, place = np.unique(np.concatenate([one, two]), return_inverse=True)
    return place[: len(left)], place[len(left) :]


def _measure(
    ranked: Ranked, rates: Sequence[float], thresholds: Sequence[float]
) -> Callable[[Doubles, Doubles], Doubles]:
    places = [place_of_threshold(ranked.threshold, threshold) for threshold in thresholds]

    def measured(fmr: Doubles, fnmr: Doubles) -> Doubles:
        eer = equal_error_rate(fmr, fnmr)
        tars = [1 - fnmr[place_of_fmr(fmr, rate)] for rate in rates]
        errors = [rate[place] for place in places for rate in (fmr, fnmr)]
        return np.array([eer, *tars, *errors])

    return measured


def _redrawn(ranked: Ranked, scores: Scores, draws: int) -> Iterator[tuple[Doubles, Doubles]]:
    rng = np.random.default_rng(0)
    for _ in range(draws):
        rates = ranked.rates(weights(scores, rng))
        if rates is not None:
            yield rates


def _pairs_behind(genuine: int, impostor: int, rates: int, thresholds: int) -> list[int]:
    """Return how many pairs each measured value rests on."""
    return [min(genuine, impostor), *[genuine] * rates, *[impostor, genuine] * thresholds]


def _estimates(values: Doubles, samples: Doubles, pairs: list[int]) -> list[Estimate]:
    if not len(samples):
        return [Estimate(float(value), 0.0, 1.0) for value in values]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return [
        _honest(float(v), float(a), float(b), pairs=count)
        for v, a, b, count in zip(values, low, high, pairs, strict=True)
    ]


def _honest(value: float, low: float, high: float, *, pairs: int) -> Estimate:
    """Widen an interval where all pairs went one way: resampling cannot show the other."""
    low, high = min(low, value), max(high, value)
    unseen = upper_bound(0, pairs, confidence=(1 + CONFIDENCE) / 2)
    if value <= 0:
        high = max(high, unseen)
    if value >= 1:
        low = min(low, 1 - unseen)
    return Estimate(value, low, high)


def _at_rates(
    rates: Sequence[float],
    thresholds: Doubles,
    fmr: Doubles,
    estimates: Sequence[Estimate],
    impostor_pairs: int,
) -> tuple[AtRate, ...]:
    return tuple(
        AtRate(
            fmr=rate,
            threshold=float(thresholds[place_of_fmr(fmr, rate)]),
            tar=estimate,
            supported=rate >= smallest_claim(impostor_pairs) * (1 - 1e-9),
        )
        for rate, estimate in zip(rates, estimates, strict=False)
    )


def _at_thresholds(
    thresholds: Sequence[tuple[float, float]], estimates: Sequence[Estimate]
) -> tuple[AtThreshold, ...]:
    return tuple(
        AtThreshold(claimed, threshold, fmr=estimates[2 * i], fnmr=estimates[2 * i + 1])
        for i, (claimed, threshold) in enumerate(thresholds)
    )
