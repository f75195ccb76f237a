"""A calibration from a site's own enrolled people.

All pairs of different enrolled people are impostor pairs, so a site knows its own
false-match rate without anybody's help, and no published table does: the threshold that
gives 1 in 1,000 on press photographs falsely matched 39 % of the pairs of one webcam.

What is claimed rests on counts alone. Every pair of people has the same weight, however many
pictures they have. Pairs that share a person are not independent: one face that resembles
many makes many false matches (Doddington et al. 1998). The variance of the rate is that of a
U-statistic (Hoeffding 1948), so the counts are divided by the design effect

    1 + 2 k f P,   k = variance of the people's own rates / f²,   P people, rate f

before the Clopper-Pearson bound is taken. Beyond the data nothing is claimed; there, a
threshold is only *guessed*, on the safe side, from a normal tail as wide as the widest upper
quantile asks for, with an upper tolerance bound on its width, and it is used only together
with the published table's threshold.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from menshen.errors import CalibrationError
from menshen.faces.calibration import CONFIDENCE, CalibrationTable, upper_bound
from menshen.faces.normalisation import SMALLEST_COHORT, Cohort, Method, Person, normalise_pairs
from menshen.faces.records import Floats

FEWEST_PEOPLE = 7
"""Fewer people say nothing about a population."""
MOST_ROWS = 2500
"""Templates taken into account: three million pairs, enough for 1 in 100,000."""
LIMIT = 1024 * 1024
_QUANTILES = (0.16, 0.05, 0.02, 0.01)
_FEW_MATCHES, _FEW_EXCEEDANCES = 20, 5
_GRID = 160
_TWICE = 1e-5
_NORMAL = NormalDist()

Scores = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """False-match rates of a site over rising similarities, and a cautious tail beyond them.

    ``estimate`` is the measured rate and ``bound`` its one-sided 95 % upper bound at each
    ``similarity``; ``rejected`` is the share of a person's own pairs below it (empty when
    nobody has two pictures). ``centre`` and ``spread`` are the normal tail.
    """

    people: int
    similarity: tuple[float, ...]
    estimate: tuple[float, ...]
    bound: tuple[float, ...]
    rejected: tuple[float, ...]
    centre: float
    spread: float

    def __post_init__(self) -> None:
        """Raise ValueError when the columns do not fit together."""
        size = len(self.similarity)
        same = len(self.estimate) == len(self.bound) == size and len(self.rejected) in (0, size)
        rising = all(a < b for a, b in zip(self.similarity, self.similarity[1:], strict=False))
        falling = all(a >= b for a, b in zip(self.bound, self.bound[1:], strict=False))
        finite = all(map(math.isfinite, (*self.similarity, *self.bound, self.centre, self.spread)))
        if not (size and same and rising and falling and finite and self.spread > 0):
            raise ValueError("the curve's columns do not fit together")

    def fmr(self, similarity: float) -> float:
        """Return the upper bound of the false-match rate of accepting this similarity."""
        row = int(np.searchsorted(self.similarity, similarity, side="right")) - 1
        return 1.0 if row < 0 else self.bound[row]

    def fnmr(self, similarity: float) -> float | None:
        """Return the share of genuine pairs rejected here; None when the site has none.

        Pictures of one enrolment are more alike than pictures of two days: too low a figure.
        """
        if not self.rejected:
            return None
        row = int(np.searchsorted(self.similarity, similarity, side="left"))
        return self.rejected[row] if row < len(self.rejected) else 1.0

    def supports(self, fmr: float) -> bool:
        """Tell whether the people enrolled show this false-match rate."""
        return self.bound[-1] <= fmr

    def threshold(self, fmr: float) -> float:
        """Return the lowest similarity that keeps ``fmr``; guessed where not supported."""
        if self.supports(fmr):
            row = next(i for i, bound in enumerate(self.bound) if bound <= fmr)
            return self.similarity[row]
        return max(self.similarity[-1], self.centre + self.spread * _NORMAL.inv_cdf(1 - fmr))


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What a comparison must reach at this site for a wanted false-match rate.

    Each threshold that is not None must be reached. ``supported`` says that the site's own
    people show the rate; where they do not, ``people_needed`` more would, at least, and the
    warnings say so in English and Chinese.
    """

    fmr: float
    raw: float | None
    normalised: float | None
    supported: bool
    people_needed: int = 0
    warning_en: str = ""
    warning_zh: str = ""

    def accepts(self, raw: float, *, normalised: float | None) -> bool:
        """Decide one comparison; a missing normalised score never passes where one is asked."""
        if self.normalised is not None and (normalised is None or normalised < self.normalised):
            return False
        return self.raw is None or raw >= self.raw


@dataclasses.dataclass(frozen=True, slots=True)
class SiteCalibration:
    """The curves of one site, with where they come from; holds no template.

    ``contract`` is the pack's; ``made`` is the date the caller gives (RFC 3339 date).
    ``normalised`` is None where there are too few people for a cohort; ``method`` says how
    its scores are normalised.
    """

    contract: str
    made: str
    templates: int
    people: int
    raw: Curve
    normalised: Curve | None
    method: Method = "centred"

    def to_json(self) -> str:
        """Return the calibration as JSON text."""
        return _ADAPTER.dump_json(self, indent=1).decode()

    @staticmethod
    def from_json(text: str) -> SiteCalibration:
        """Read what :meth:`to_json` wrote; raises CalibrationError when it is anything else."""
        if len(text) > LIMIT:
            raise CalibrationError("the site calibration is longer than 1 MiB")
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            raise CalibrationError("the site calibration is malformed") from error

    def rule(self, fmr: float, *, published: CalibrationTable) -> Rule:
        """Return what to ask of a comparison for this false-match rate.

        With enough people the site's own threshold stands alone, on normalised scores where
        there are any. Until then the pack's published threshold must be reached as well.
        Raises CalibrationError when the published table does not support the rate either.
        """
        if not 0 < fmr < 1:
            raise CalibrationError("a false-match rate lies between 0 and 1")
        curve = self.normalised or self.raw
        own, on_raw = curve.threshold(fmr), self.normalised is None
        if curve.supports(fmr):
            return Rule(fmr, own if on_raw else None, None if on_raw else own, supported=True)
        floor = published.threshold(fmr)
        raw = max(floor, own) if on_raw else floor
        more = max(1, people_for(fmr) - self.people)
        english, chinese = _warnings(self.people, more, fmr)
        return Rule(fmr, raw, None if on_raw else own, False, more, english, chinese)


def build(
    features: Floats,
    *,
    people: Sequence[Person],
    contract: str,
    made: str,
    method: Method = "centred",
) -> SiteCalibration:
    """Calibrate from (N, D) flattened templates and whose each is.

    Of a large site some 2,500 templates are used, spread evenly. Raises CalibrationError when
    there are fewer than seven people.
    """
    if len(people) != len(features):
        raise ValueError("people must name one person for each template")
    chosen = _spread_evenly(people)
    used = features[chosen]
    place: dict[Person, int] = {}
    owner = np.array([place.setdefault(people[i], len(place)) for i in chosen], np.intp)
    if len(place) < FEWEST_PEOPLE:
        raise CalibrationError(
            f"a site calibration needs at least {FEWEST_PEOPLE} people, there are {len(place)}"
        )
    left, right = np.triu_indices(len(used), 1)
    raw = (used @ used.T)[left, right].astype(np.float64)
    pairs = _Pairs(owner[left], owner[right], len(place))
    normalised = None
    if len(place) >= SMALLEST_COHORT + 2:
        scores = normalise_pairs(raw, left, right, used, people=owner.tolist(), method=method)
        normalised = pairs.curve(scores)
    return SiteCalibration(
        contract, made, len(features), len(set(people)), pairs.curve(raw), normalised, method
    )


def look_alikes(
    features: Floats, *, people: Sequence[Person], most: int
) -> tuple[tuple[Person, Person], ...]:
    """Return pairs of people who may be one person enrolled twice, most alike first.

    One such pair pushes the site's strictest threshold out of reach. Named are pairs whose
    similarity the normal tail expects once in 100,000; of a large site, among an even sample.
    """
    cohort = Cohort.of(features, people=people)
    left, right = np.triu_indices(len(cohort), 1)
    scores = (cohort.features @ cohort.features.T)[left, right].astype(np.float64)
    if len(cohort) >= SMALLEST_COHORT + 2:
        scores = normalise_pairs(scores, left, right, cohort.features)
    ranked = np.argsort(-scores, kind="stable")
    mass = np.arange(1.0, len(scores) + 1)
    centre, spread = _tail(scores[ranked], mass, people=len(cohort))
    limit = centre + spread * _NORMAL.inv_cdf(1 - _TWICE)
    found = [pair for pair in ranked[:most] if scores[pair] > limit]
    return tuple((cohort.people[left[pair]], cohort.people[right[pair]]) for pair in found)


def people_for(fmr: float) -> int:
    """Return how many people could show this rate, if not one of their pairs matches."""
    pairs = math.log(1 - CONFIDENCE) / math.log1p(-fmr)
    return math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Whose pictures each pair compares: places of people, 0..people - 1."""

    left: Indices
    right: Indices
    people: int

    def curve(self, scores: Scores) -> Curve:
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
        centre, spread = _tail(ranked, mass, people=self.people)
        return Curve(
            people=self.people,
            similarity=tuple(similarity),
            estimate=tuple(estimates),
            bound=tuple(np.minimum.accumulate(bounds).tolist()),
            rejected=_rejected(scores[~impostor], similarity),
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
    """Return the lowest threshold that accepts just the first ``row`` pairs."""
    return float(np.nextafter(ranked[row], math.inf))


def _tail(ranked: Scores, mass: Scores, *, people: int) -> tuple[float, float]:
    """Return the median and the width of a normal tail that no upper quantile exceeds."""
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


def _rejected(genuine: Scores, similarity: Sequence[float]) -> tuple[float, ...]:
    if not len(genuine):
        return ()
    ranked = np.sort(genuine)
    below = np.searchsorted(ranked, similarity, side="left") / len(ranked)
    return tuple(below.tolist())


def _spread_evenly(people: Sequence[Person]) -> Indices:
    """Choose at most MOST_ROWS templates: everybody's first, then everybody's second."""
    seen: dict[Person, int] = {}
    turn = np.empty(len(people), np.intp)
    for row, person in enumerate(people):
        turn[row] = seen[person] = seen.get(person, -1) + 1
    chosen: list[int] = []
    for number in range(int(turn.max(initial=-1)) + 1):
        rows = np.flatnonzero(turn == number)
        room = min(MOST_ROWS - len(chosen), len(rows))
        chosen += rows[np.linspace(0, len(rows) - 1, room).astype(np.intp)].tolist()
    return np.sort(np.array(chosen, np.intp))


def _warnings(people: int, more: int, fmr: float) -> tuple[str, str]:
    return (
        f"Only {people} people are enrolled: too few to show a false-match rate of {fmr:g} "
        f"here. Enrol at least {more} more. Until then the published threshold and a cautious "
        "estimate from this site must both be reached.",
        f"目前仅登记 {people} 人，不足以证明本场所的误识率不高于 {fmr:g}。请至少再登记 {more} 人；"
        "在此之前，比对须同时达到公开标定的阈值和本场所的保守估计阈值。",
    )


_ADAPTER: TypeAdapter[SiteCalibration] = TypeAdapter(SiteCalibration)
