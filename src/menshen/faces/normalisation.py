"""Score normalisation against a cohort of other people.

A raw similarity means different things for different populations and cameras: pictures of
one room and one camera share a common direction, which every pair is credited with. Two
ways to take it out, both symmetric, both without labels:

``centred``: the cosine after most of the cohort's mean is subtracted from both templates
(mean subtraction and length normalisation: Garcia-Romero and Espy-Wilson, Interspeech 2011):

    s' = cos(a - 0.8 m, b - 0.8 m)

``as-norm``: how far the similarity stands above those that each template has with its
nearest cohort people, in standard deviations (Matejka et al., Interspeech 2017; z-norm:
Auckenthaler et al. 2000):

    s' = ((s - m(a)) / d(a) + (s - m(b)) / d(b)) / 2

``centred`` is the default: it helped on one camera with as few as seven cohort people, did
no harm on mixed pictures, and its thresholds travel best. Taking out four fifths of the mean
rather than all of it costs nothing where the cohort is large and saves what a small cohort's
noisy mean would cost (docs/decisions/0003-recognition.md).

The cohort is a site's own templates, in memory, one mean template for each person. The two
people compared never stand in their own cohort: the mean would lean towards them, and a
second enrolment of a person would make them look ordinary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats

SMALLEST_COHORT = 7
"""People a cohort needs besides the two compared; nothing smaller was measured."""
LARGEST_COHORT = 1000
"""More people than this add cost and no accuracy: every n-th is taken."""
SHARE_OF_MEAN = 0.8
"""How much of the cohort's mean ``centred`` takes out."""
FEWEST_NEAREST, MOST_NEAREST = 20, 300
SMALLEST_SPREAD = 0.005
"""A spread of similarities below this is an accident of a small cohort."""

Method = Literal["centred", "as-norm"]
Scores = NDArray[np.float64]
Indices = NDArray[np.intp]
Person = Hashable


def nearest_count(people: int) -> int:
    """Return how many nearest people of a cohort of this size as-norm uses: half of them."""
    return min(people, MOST_NEAREST, max(FEWEST_NEAREST, people // 2))


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
        sums = np.zeros((len(names), features.shape[1]))
        np.add.at(sums, owner, features)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        means = np.asarray(sums / np.maximum(lengths, 1e-9), np.float32)
        chosen = _evenly(len(names), LARGEST_COHORT)
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
    method: Method = "centred",
) -> Scores:
    """Normalise a list of comparisons, (P,) each; returns (P,) float64.

    ``features`` is (N, D) flattened templates (:func:`menshen.faces.scores.flatten`); pair k
    compares rows ``left_index[k]`` and ``right_index[k]`` and has ``similarities[k]``.
    ``people`` tells whose each row is (N values; without it each row is its own person).
    ``cohort`` is other people's templates; without it the set itself is the cohort. Cohort
    people who carry the name of a compared person are left out of that comparison; rows of a
    bare array carry no names. ``centred`` scores are -1..1, ``as-norm`` scores are standard
    deviations. Raises ValueError when fewer than three people would be left.
    """
    group = _group(cohort, features, people)
    if len(group) < 5:
        raise ValueError("the cohort has too few people to normalise with")
    scorer = _Pairs.of(features, people, group, left_index, right_index)
    raw = np.asarray(similarities, np.float64)
    return scorer.centred(raw) if method == "centred" else scorer.as_norm(raw)


def normalise(
    a: Floats, b: Floats, *, cohort: Cohort, claimed: Person = None, method: Method = "centred"
) -> float:
    """Normalise one comparison of two flattened templates (D,).

    ``claimed`` is the person both are said to be; their own cohort entry is left out.
    """
    scores = normalise_pairs(
        np.array([float(a @ b)]),
        np.array([0]),
        np.array([1]),
        np.stack([a, b]),
        people=(claimed, claimed),
        cohort=cohort,
        method=method,
    )
    return float(scores[0])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of rows, and what each row has with each cohort entry.

    ``towards`` is (N, M); ``seats`` is the cohort entry of each row's own person, -1 where
    the cohort has none.
    """

    towards: Floats
    squares: Scores
    seats: Indices
    cohort: Floats
    left: Indices
    right: Indices

    @classmethod
    def of(
        cls,
        features: Floats,
        people: Sequence[Person] | None,
        group: Cohort,
        left: Indices,
        right: Indices,
    ) -> Self:
        names, owner = _owners(len(features), people)
        place = {name: i for i, name in enumerate(group.people)}
        seats = np.array([place.get(name, -1) for name in names], np.intp)[owner]
        squares = np.einsum("nd,nd->n", features, features, dtype=np.float64)
        towards = np.asarray(features @ group.features.T, np.float32)
        return cls(towards, squares, seats, group.features, left, right)

    def centred(self, raw: Scores) -> Scores:
        left, right, size = self.left, self.right, len(self.cohort)
        one, two = self._removed()
        gram = (self.cohort @ self.cohort.T).astype(np.float64)
        towards_sum, sums = self.towards.sum(1, dtype=np.float64), gram.sum(1)
        share = SHARE_OF_MEAN / (size - (one >= 0).astype(np.float64) - (two >= 0))
        to_a, to_b = (
            (towards_sum[x] - _entry(self.towards, x, one) - _entry(self.towards, x, two)) * share
            for x in (left, right)
        )
        mean2 = gram.sum() - 2 * (_value(sums, one) + _value(sums, two))
        mean2 += _value(gram.diagonal(), one) + _value(gram.diagonal(), two)
        mean2 = (mean2 + 2 * np.where(one >= 0, _entry(gram, one, two), 0.0)) * share**2
        lengths2 = (self.squares[left] - 2 * to_a + mean2) * (
            self.squares[right] - 2 * to_b + mean2
        )
        cosine = (raw - to_a - to_b + mean2) / np.sqrt(np.maximum(lengths2, 1e-12))
        return np.asarray(np.clip(cosine, -1, 1), np.float64)

    def as_norm(self, raw: Scores) -> Scores:
        count = min(nearest_count(len(self.cohort)), len(self.cohort) - 2)
        total, squares, last = _nearest_sums(self.towards, self.seats, count + 1)
        scores = np.zeros(len(raw))
        for own, other in ((self.left, self.right), (self.right, self.left)):
            seated = (self.seats[other] >= 0) & (self.seats[own] != self.seats[other])
            entry = _entry(self.towards, own, self.seats[other])
            dropped = np.where(seated, np.maximum(entry, last[own]), 0.0)
            used = count + ~seated
            mean = (total[own] - dropped) / used
            variance = (squares[own] - dropped**2) / used - mean**2
            scores += (raw - mean) / np.sqrt(np.maximum(variance, SMALLEST_SPREAD**2)) / 2
        return scores

    def _removed(self) -> tuple[Indices, Indices]:
        """Return the cohort entries to leave out of each pair: one, or two different ones."""
        one, two = self.seats[self.left], self.seats[self.right]
        return one, np.where(one == two, -1, two)


def _entry(table: Floats | Scores, rows: Indices, columns: Indices) -> Scores:
    """Return table[rows, columns] as float64, 0 where the column is -1."""
    found = table[rows, np.maximum(columns, 0)].astype(np.float64)
    return np.where(columns >= 0, found, 0.0)


def _value(vector: Scores, places: Indices) -> Scores:
    return np.where(places >= 0, vector[np.maximum(places, 0)], 0.0)


def _nearest_sums(towards: Floats, seats: Indices, count: int) -> tuple[Scores, Scores, Scores]:
    """Sum each row's ``count`` nearest entries, their squares, and the last; own seat out.

    The other person of a pair, or else the last, is then taken out again in O(1). Where the
    other person has no seat nothing is: a person less to choose from, a person less chosen.
    """
    sums = np.empty((3, len(towards)))
    for start in range(0, len(towards), 4096):
        part = slice(start, start + 4096)
        block = towards[part].astype(np.float64)
        seated = np.flatnonzero(seats[part] >= 0)
        block[seated, seats[part][seated]] = -np.inf
        nearest = -np.partition(-block, count - 1, axis=1)[:, :count]
        sums[:, part] = nearest.sum(1), (nearest**2).sum(1), nearest.min(1)
    return sums[0], sums[1], sums[2]


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
