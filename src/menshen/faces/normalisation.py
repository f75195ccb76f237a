"""Score normalisation against a cohort of other people.

A raw similarity means different things for different people, cameras and populations: a
face that the recogniser finds ordinary is similar to everybody. Adaptive symmetric
normalisation (AS-norm: Matejka et al., Interspeech 2017; z-norm: Auckenthaler et al. 2000)
says how far a similarity stands above the similarities that each of the two templates has
with its nearest cohort people, in standard deviations, averaged over the two sides:

    s' = ((s - m(a)) / d(a) + (s - m(b)) / d(b)) / 2

The cohort is a site's own templates, in memory, one mean template for each person. The two
people compared never stand in their own cohort: a person's second enrolment would make them
look ordinary, and their score would fall.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats

SMALLEST_COHORT = 20
"""People a cohort needs besides the two compared; below, the statistics are mostly noise."""
LARGEST_COHORT = 2000
"""More people than this add cost and no accuracy: every n-th is taken."""
SHARE, FEWEST_NEAREST, MOST_NEAREST = 0.5, 20, 300
SMALLEST_SPREAD = 0.005
"""Similarity below which a spread is taken for an accident of a small cohort."""
_ROWS, _PAIRS = 4096, 65_536

Scores = NDArray[np.float64]
Indices = NDArray[np.intp]
Person = Hashable


def nearest_count(people: int) -> int:
    """Return how many nearest people of a cohort of this size the statistics use."""
    return int(min(people, MOST_NEAREST, max(FEWEST_NEAREST, SHARE * people)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """People to compare with: one flattened unit template for each.

    ``features`` is (M, D) float32; ``people`` names the person of each row, once each.
    """

    features: Floats
    people: tuple[Person, ...]

    @classmethod
    def of(cls, features: Floats, *, people: Sequence[Person] | None = None) -> Self:
        """Make a cohort from (N, D) flattened templates; one person's are averaged.

        Without ``people`` each row is a person of its own, known by its row number.
        """
        names, owner = _owners(len(features), people)
        chosen = _evenly(len(names), LARGEST_COHORT)
        sums = np.zeros((len(names), features.shape[1]))
        np.add.at(sums, owner, features)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        means = np.asarray(sums / np.maximum(lengths, 1e-9), np.float32)
        return cls(means[chosen], tuple(names[i] for i in chosen))

    def __len__(self) -> int:
        return len(self.people)


def normalise_pairs(
    similarities: Scores | Floats,
    left_index: Indices,
    right_index: Indices,
    features: Floats,
    *,
    people: Sequence[Person] | None = None,
    cohort: Cohort | Floats | None = None,
) -> Scores:
    """Normalise a list of comparisons, (P,) each; returns (P,) float64.

    ``features`` is (N, D) flattened templates (:func:`menshen.faces.scores.flatten`); pair k
    compares rows ``left_index[k]`` and ``right_index[k]`` and has ``similarities[k]``.
    ``people`` tells whose each row is (N values; without it each row is its own person).
    ``cohort`` is other people's templates; without it the set itself is the cohort. Cohort
    people who carry the name of a compared person are left out of that comparison; rows of a
    bare array carry no names. Raises ValueError when fewer than three people would be left.
    """
    names, owner = _owners(len(features), people)
    group = _group(cohort, features, people)
    if len(group) < 3 + (cohort is None) * 2:
        raise ValueError("the cohort has too few people to normalise with")
    place = {name: i for i, name in enumerate(group.people)}
    seats = np.array([place.get(name, -1) for name in names], np.intp)[owner]
    reference = _Reference.of(features, seats, group)
    sides = (left_index, right_index), (right_index, left_index)
    total = sum(reference.standardise(similarities, own, other) for own, other in sides)
    return np.asarray(total / 2, np.float64)


def normalise(a: Floats, b: Floats, *, cohort: Cohort, claimed: Person = None) -> float:
    """Normalise one comparison of two flattened templates (D,).

    ``claimed`` is the person both are said to be; their own cohort entry is left out.
    """
    features = np.stack([a, b])
    similarity = np.array([float(a @ b)])
    people = None if claimed is None else (claimed, claimed)
    one, two = np.array([0]), np.array([1])
    return float(normalise_pairs(similarity, one, two, features, people=people, cohort=cohort)[0])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """For each row, sums over its K + 1 nearest cohort people, its own person left out.

    One more than needed, so that the other person of a pair can be taken out in O(1).
    """

    total: Scores
    squares: Scores
    last: Scores
    features: Floats
    seats: Indices
    cohort: Cohort
    count: int

    @classmethod
    def of(cls, features: Floats, seats: Indices, cohort: Cohort) -> Self:
        size = len(cohort)
        count = min(nearest_count(size), size - 2)
        sums = np.empty((3, len(features)))
        for start in range(0, len(features), _ROWS):
            rows = slice(start, start + _ROWS)
            sums[:, rows] = _nearest_sums(features[rows], seats[rows], cohort, count + 1)
        return cls(sums[0], sums[1], sums[2], features, seats, cohort, count)

    def standardise(self, similarities: Scores | Floats, own: Indices, other: Indices) -> Scores:
        dropped = np.maximum(self._towards(own, other), self.last[own])
        mean = (self.total[own] - dropped) / self.count
        variance = (self.squares[own] - dropped**2) / self.count - mean**2
        spread = np.sqrt(np.maximum(variance, SMALLEST_SPREAD**2))
        return np.asarray((similarities - mean) / spread, np.float64)

    def _towards(self, own: Indices, other: Indices) -> Scores:
        """Similarity of each row to the cohort entry of the other person; -2 where none."""
        towards = np.full(len(own), -2.0)
        for start in range(0, len(own), _PAIRS):
            part = slice(start, start + _PAIRS)
            seat = self.seats[other[part]]
            known = (seat >= 0) & (seat != self.seats[own[part]])
            rows, entries = self.features[own[part][known]], self.cohort.features[seat[known]]
            towards[part][known] = np.einsum("pd,pd->p", rows, entries)
        return towards


def _nearest_sums(
    features: Floats, seats: Indices, cohort: Cohort, count: int
) -> tuple[Scores, Scores, Scores]:
    towards = (features @ cohort.features.T).astype(np.float64)
    seated = np.flatnonzero(seats >= 0)
    towards[seated, seats[seated]] = -np.inf
    nearest = -np.partition(-towards, count - 1, axis=1)[:, :count]
    return nearest.sum(1), (nearest**2).sum(1), nearest.min(1)


def _group(
    cohort: Cohort | Floats | None, features: Floats, people: Sequence[Person] | None
) -> Cohort:
    if isinstance(cohort, Cohort):
        return cohort
    if cohort is None:
        return Cohort.of(features, people=people)
    return Cohort.of(cohort, people=[("cohort", i) for i in range(len(cohort))])


def _owners(rows: int, people: Sequence[Person] | None) -> tuple[list[Person], Indices]:
    """Return the distinct people in order of appearance, and the place of each row's."""
    if people is None:
        return list(range(rows)), np.arange(rows)
    if len(people) != rows:
        raise ValueError("people must name one person for each row")
    place: dict[Person, int] = {}
    owner = np.array([place.setdefault(person, len(place)) for person in people], np.intp)
    return list(place), owner


def _evenly(count: int, most: int) -> Indices:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.intp))
