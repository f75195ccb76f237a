"""The false-match curve of a site: counts, person-level bounds, and a cautious tail.

Every pair of people has the same weight, however many pictures they have. Pairs that share a
person are not independent: one face that resembles many makes many false matches (Doddington
et al. 1998). The variance of the rate is that of a U-statistic (Hoeffding 1948), so the
counts are divided by the design effect

    1 + 2 k f P,   k = variance of the people's own rates / f²,   P people, rate f

before the Clopper-Pearson bound is taken. Beyond the data nothing is claimed; there, a
threshold is only *guessed*, on the safe side, from a normal tail as wide as the widest upper
quantile asks for, with an upper tolerance bound on its width.
"""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from menshen.faces.calibration import CONFIDENCE, upper_bound

_QUANTILES = (0.16, 0.05, 0.02, 0.01)
_FEW_MATCHES, _FEW_EXCEEDANCES = 20, 5
_GRID, _OWN = 160, 200
_MARGIN = 1e-4
_NORMAL = NormalDist()

Scores = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """False-match rates of a site over rising similarities, and a cautious tail beyond them.

    ``estimate`` is the measured rate and ``bound`` its one-sided 95 % upper bound at each
    ``similarity``; ``own`` is quantiles of the similarities of people's own pairs, rising
    (empty when nobody has two pictures). ``centre`` and ``spread`` are the normal tail.
    """

    people: int
    similarity: tuple[float, ...]
    estimate: tuple[float, ...]
    bound: tuple[float, ...]
    own: tuple[float, ...]
    centre: float
    spread: float

    def __post_init__(self) -> None:
        """Raise ValueError when the columns do not fit together."""
        size = len(self.similarity)
        same = len(self.estimate) == len(self.bound) == size
        numbers = (*self.similarity, *self.estimate, *self.bound, *self.own, self.centre)
        finite = all(map(math.isfinite, (*numbers, self.spread)))
        rising = bool((np.diff(self.similarity) > 0).all() and (np.diff(self.own) >= 0).all())
        falling = bool((np.diff(self.bound) <= 0).all() and (np.diff(self.estimate) <= 0).all())
        if not (size and same and finite and rising and falling and self.spread > 0):
            raise ValueError("the curve's columns do not fit together")

    def fmr(self, similarity: float) -> float:
        """Return the upper bound of the false-match rate of accepting this similarity."""
        row = int(np.searchsorted(self.similarity, similarity, side="right")) - 1
        return 1.0 if row < 0 else self.bound[row]

    def fmr_estimate(self, similarity: float) -> float:
        """Return the measured false-match rate: for information, not for policy."""
        row = int(np.searchsorted(self.similarity, similarity, side="right")) - 1
        return 1.0 if row < 0 else self.estimate[row]

    def fnmr(self, similarity: float) -> float | None:
        """Return the share of genuine pairs rejected here; None when the site has none.

        Pictures of one enrolment are more alike than pictures of two days: too low a figure.
        """
        if not self.own:
            return None
        return int(np.searchsorted(self.own, similarity, side="left")) / len(self.own)

    def supports(self, fmr: float) -> bool:
        """Tell whether the people enrolled show this false-match rate."""
        return self.bound[-1] <= fmr

    def threshold(self, fmr: float) -> float:
        """Return the lowest similarity that keeps ``fmr``; guessed where not supported."""
        if self.supports(fmr):
            row = next(i for i, bound in enumerate(self.bound) if bound <= fmr)
            return self.similarity[row]
        return max(self.similarity[-1], self.centre + self.spread * _NORMAL.inv_cdf(1 - fmr))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Whose pictures each comparison is between: numbers of people, 0..people - 1."""

    left: Indices
    right: Indices
    people: int

    def curve(self, scores: Scores) -> Curve:
        """Make the curve of these comparisons' (P,) scores."""
        impostor = self.left != self.right
        order = np.argsort(-scores[impostor], kind="stable")
        ranked = scores[impostor][order]
        left, right = self.left[impostor][order], self.right[impostor][order]
        weight = self._weights(left, right)
        mass = np.cumsum(weight)
        rows = _grid(ranked, mass)
        bounds, estimates, spread_of_people = [], [], 0.0
        for row in reversed(rows):  # from many matches to few
            matched = slice(0, row)
            if row and mass[row - 1] >= _FEW_MATCHES:
                rates = self._rates(left[matched], right[matched], weight[matched])
                spread_of_people = _relative_variance(rates, people=self.people)
            found = float(mass[row - 1]) if row else 0.0
            estimates.append(found / float(mass[-1]))
            bounds.append(_bound(found, self.people, spread_of_people))
        similarity = [_accepting(ranked, row) for row in reversed(rows)]
        centre, spread = tail(ranked, mass, people=self.people)
        return Curve(
            people=self.people,
            similarity=tuple(similarity),
            estimate=tuple(estimates),
            bound=tuple(np.minimum.accumulate(bounds).tolist()),
            own=_quantiles(scores[~impostor]),
            centre=centre,
            spread=spread,
        )

    def _weights(self, left: Indices, right: Indices) -> Scores:
        """One pair of people weighs 1, shared by the pairs of their pictures."""
        key = np.minimum(left, right) * self.people + np.maximum(left, right)
        return np.asarray(1.0 / np.bincount(key)[key], np.float64)

    def _rates(self, left: Indices, right: Indices, weight: Scores) -> Scores:
        """Return each person's own false-match rate against all others."""
        sums = np.bincount(left, weight, self.people) + np.bincount(right, weight, self.people)
        return np.asarray(sums / (self.people - 1), np.float64)


def _relative_variance(rates: Scores, *, people: int) -> float:
    """Variance of people's rates beyond chance, over the squared mean."""
    mean = float(rates.mean())
    chance = mean * (1 - mean) / (people - 1)
    return max(0.0, (float(rates.var(ddof=1)) - chance) / mean**2)


def _bound(found: float, people: int, spread_of_people: float) -> float:
    pairs = people * (people - 1) / 2
    effect = 1 + 2 * spread_of_people * (found / pairs) * people
    trials = int(pairs / effect)
    return upper_bound(min(trials, math.ceil(found / effect - 1e-9)), trials)


def _grid(ranked: Scores, mass: Scores) -> list[int]:
    """Numbers of best pairs to cut after: each of the first, then ever wider, to one half."""
    half = int(np.searchsorted(mass, mass[-1] / 2))
    cuts = np.unique(np.geomspace(1, max(half, 1), _GRID).astype(int)).tolist()
    # Only between different scores can a threshold cut.
    return [0, *(cut for cut in cuts if cut < len(ranked) and ranked[cut - 1] > ranked[cut])]


def _accepting(ranked: Scores, row: int) -> float:
    """Return a threshold that accepts just the first ``row`` pairs: half way to the next."""
    above = float(ranked[row - 1]) if row else float(ranked[0]) + 2 * _MARGIN
    return (above + float(ranked[row])) / 2


def tail(ranked: Scores, mass: Scores, *, people: int) -> tuple[float, float]:
    """Return the median and the width of a normal tail that no upper quantile exceeds.

    ``ranked`` is scores, falling; ``mass`` is the sum of their weights so far.
    """
    half = int(np.searchsorted(mass, mass[-1] / 2))
    centre = float(ranked[half])
    weight = np.diff(mass[:half], prepend=0.0)
    widths = [math.sqrt(float(weight @ (ranked[:half] - centre) ** 2) / float(mass[half - 1]))]
    for share in _QUANTILES:
        if share * mass[-1] >= _FEW_EXCEEDANCES:
            quantile = float(ranked[int(np.searchsorted(mass, share * mass[-1]))])
            widths.append((quantile - centre) / _NORMAL.inv_cdf(1 - share))
    # 2 (P - 1) degrees of freedom: measured, see docs/decisions/0003-recognition.md.
    freedom = 2 * (people - 1)
    inflation = math.sqrt(freedom / _chi_square(1 - CONFIDENCE, freedom))
    return centre, max([*widths, 1e-6]) * inflation


def _chi_square(probability: float, freedom: int) -> float:
    """Quantile of the chi-square distribution (Wilson and Hilferty 1931)."""
    ninth = 2 / (9 * freedom)
    return freedom * (1 - ninth + _NORMAL.inv_cdf(probability) * math.sqrt(ninth)) ** 3


def _quantiles(genuine: Scores) -> tuple[float, ...]:
    if not len(genuine):
        return ()
    places = np.linspace(0, len(genuine) - 1, min(_OWN, len(genuine)))
    return tuple(np.sort(genuine)[places.astype(np.intp)].tolist())
