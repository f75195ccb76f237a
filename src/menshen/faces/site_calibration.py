"""A calibration from a site's own enrolled people.

All pairs of different enrolled people are impostor pairs, so a site knows its own
false-match rate without anybody's help, and no published table does: the threshold that
gives 1 in 1,000 on press photographs falsely matched 39 % of the pairs of one webcam.

What is claimed rests on counts alone (:mod:`menshen.faces.site_curve`). Beyond the data
nothing is claimed: there the site's threshold is a cautious guess, used only together with
the published table's threshold, and with a plain warning.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from pydantic import TypeAdapter, ValidationError

from menshen.errors import CalibrationError
from menshen.faces.calibration import CONFIDENCE, CalibrationTable
from menshen.faces.normalisation import (
    SHARE_OF_MEAN,
    SMALLEST_COHORT,
    Cohort,
    Method,
    Person,
    normalise_pairs,
)
from menshen.faces.records import Floats
from menshen.faces.site_curve import Comparisons, Curve, Indices, tail

FEWEST_PEOPLE = 7
"""Fewer people say nothing about a population."""
MOST_ROWS = 2500
"""Templates taken into account: three million pairs, enough for 1 in 100,000."""
LIMIT = 1024 * 1024
_TWICE = 1e-5
_NORMAL = NormalDist()


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
    """The curves of one site, with where they come from; holds nobody's template.

    ``contract`` is the pack's; ``made`` is the date the caller gives (RFC 3339 date).
    ``normalised`` is None where there are too few people for a cohort; ``method`` says how
    its scores are normalised. ``mean`` is the average of all people's templates, which is
    all that centring needs of them; empty where there are too few people, or for as-norm.
    """

    contract: str
    made: str
    templates: int
    people: int
    raw: Curve
    normalised: Curve | None
    method: Method = "centred"
    mean: tuple[float, ...] = ()

    def centred(self, a: Floats, b: Floats) -> float | None:
        """Return the centred score of two flattened templates (D,), -1..1.

        Enrolled people who are compared stay in the mean, unlike when the site was calibrated:
        with P people that takes about 1/P of their own direction out of both pictures, which
        lowers their score a little. None where the site has no mean.
        """
        if self.normalised is None or not self.mean:
            return None
        mean = np.array(self.mean) * SHARE_OF_MEAN
        one, two = a - mean, b - mean
        lengths = float(np.linalg.norm(one) * np.linalg.norm(two))
        return min(1.0, max(-1.0, float(one @ two) / max(lengths, 1e-12)))

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
    pairs = Comparisons(owner[left], owner[right], len(place))
    normalised = None
    if len(place) >= SMALLEST_COHORT + 2:
        scores = normalise_pairs(raw, left, right, used, people=owner.tolist(), method=method)
        normalised = pairs.curve(scores)
    mean: tuple[float, ...] = ()
    if normalised is not None and method == "centred":
        average = Cohort.of(used, people=owner.tolist()).features.mean(0, dtype=np.float64)
        mean = tuple(round(float(value), 7) for value in average)
    return SiteCalibration(
        contract, made, len(features), len(set(people)), pairs.curve(raw), normalised, method, mean
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
    centre, spread = tail(scores[ranked], mass, people=len(cohort))
    limit = centre + spread * _NORMAL.inv_cdf(1 - _TWICE)
    found = [pair for pair in ranked[:most] if scores[pair] > limit]
    return tuple((cohort.people[left[pair]], cohort.people[right[pair]]) for pair in found)


def people_for(fmr: float) -> int:
    """Return how many people could show this rate, if not one of their pairs matches."""
    pairs = math.log(1 - CONFIDENCE) / math.log1p(-fmr)
    return math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)


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
