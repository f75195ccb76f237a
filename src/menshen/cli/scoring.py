"""From pairs and templates to scores with people: what `evaluate` and `calibrate` measure on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from menshen.cli.pairs import Pair
from menshen.faces.confidence import Scores, compact
from menshen.faces.evaluation import Doubles, people_of
from menshen.faces.records import Floats, Template
from menshen.faces.scores import flatten_all

_CHUNK = 8192

Indices = NDArray[np.intp]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Compared pairs. Pair k compares rows ``left[k]`` and ``right[k]`` of ``features`` (N, D).

    ``people`` names the person of each row; ``people_known`` is False where the names were
    worked out from the pairs. ``units`` is who to resample for confidence intervals.
    ``contradictions`` counts pairs called different although other pairs make them the same.
    """

    pairs: tuple[Pair, ...]
    similarities: Doubles
    left: Indices
    right: Indices
    features: Floats
    people: tuple[str, ...]
    people_known: bool
    units: tuple[Indices, Indices]
    contradictions: int

    def scores(self, similarities: Doubles | None = None) -> Scores:
        """Return the scores to measure: the similarities, or others of the same pairs."""
        same = np.array([pair.same for pair in self.pairs], np.bool_)
        chosen = self.similarities if similarities is None else similarities
        return Scores(chosen, same, *self.units)


def compare(
    pairs: Sequence[Pair], templates: Mapping[Path, Template], *, weights: Sequence[float]
) -> Comparisons:
    """Compare the pairs whose pictures both have a template; the others are left out."""
    kept = tuple(p for p in pairs if p.left in templates and p.right in templates)
    used = list(dict.fromkeys(path for pair in kept for path in (pair.left, pair.right)))
    features = flatten_all((templates[path] for path in used), weights=weights)
    row = {path: i for i, path in enumerate(used)}
    left = np.array([row[pair.left] for pair in kept], np.intp)
    right = np.array([row[pair.right] for pair in kept], np.intp)
    given = _given_people(kept, row)
    people = given or _derived_people(kept, left, right)
    sides = [people[i] for i in left], [people[i] for i in right]
    return Comparisons(
        pairs=kept,
        similarities=similarities(features, left, right),
        left=left,
        right=right,
        features=features,
        people=people,
        people_known=bool(given),
        units=_units(*sides),
        contradictions=sum((a == b) != pair.same for a, b, pair in zip(*sides, kept, strict=True)),
    )


def similarities(features: Floats, left: Indices, right: Indices) -> Doubles:
    """Return (P,) fused similarities of rows of flattened templates."""
    scores = np.empty(len(left))
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        scores[part] = np.einsum("ij,ij->i", features[left[part]], features[right[part]])
    return np.clip(scores, -1.0, 1.0)


def left_out(pairs: Sequence[Pair], failed: Collection[Path]) -> int:
    """Count the pairs that cannot be compared because one of these pictures failed."""
    return sum(pair.left in failed or pair.right in failed for pair in pairs)


def _given_people(pairs: Sequence[Pair], row: Mapping[Path, int]) -> tuple[str, ...]:
    """Return each row's person as the file names them; empty unless all are named."""
    names: dict[int, str] = {}
    for pair in pairs:
        for path, person in ((pair.left, pair.person_left), (pair.right, pair.person_right)):
            if not person:
                return ()
            names.setdefault(row[path], person)
    return tuple(names[i] for i in range(len(row)))


def _derived_people(pairs: Sequence[Pair], left: Indices, right: Indices) -> tuple[str, ...]:
    same = [pair.same for pair in pairs]
    return tuple(str(person) for person in people_of(left.tolist(), right.tolist(), same))


def _units(left: Sequence[str], right: Sequence[str]) -> tuple[Indices, Indices]:
    number: dict[str, int] = {}
    return compact(
        [number.setdefault(person, len(number)) for person in left],
        [number.setdefault(person, len(number)) for person in right],
    )
