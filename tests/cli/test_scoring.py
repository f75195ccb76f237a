from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from menshen.cli.pairs import Pair
from menshen.cli.scoring import compare, left_out, similarities
from menshen.faces.records import Floats, Template
from menshen.faces.scores import similarity

WEIGHTS = (0.8, 0.2)


def unit(rng: np.random.Generator, size: int) -> Floats:
    vector = rng.standard_normal(size)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def templates(names: str) -> dict[Path, Template]:
    rng = np.random.default_rng(0)
    return {Path(n): Template("c" * 64, (unit(rng, 16), unit(rng, 24))) for n in names}


def pair(left: str, right: str, *, same: bool, people: str = "  ", group: str = "") -> Pair:
    return Pair(Path(left), Path(right), same, group, people[0].strip(), people[1].strip())


def test_similarities_are_the_fused_ones() -> None:
    known = templates("abc")
    compared = compare(
        [pair("a", "b", same=True), pair("c", "a", same=False)], known, weights=WEIGHTS
    )
    expected = [
        similarity(known[Path(x)], known[Path(y)], weights=WEIGHTS) for x, y in ("ab", "ca")
    ]
    assert compared.similarities == pytest.approx(expected, abs=1e-6)
    assert compared.scores().same.tolist() == [True, False]


def test_many_pairs_are_compared_in_pieces() -> None:
    features = np.stack([unit(np.random.default_rng(i), 8) for i in range(50)])
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 50, 20_000), rng.integers(0, 50, 20_000)
    found = similarities(features, left, right)
    assert found == pytest.approx(
        np.clip((features[left] * features[right]).sum(1), -1, 1), abs=1e-6
    )


def test_pairs_without_templates_are_left_out_and_counted() -> None:
    pairs = [pair("a", "b", same=True), pair("a", "x", same=False), pair("x", "y", same=False)]
    compared = compare(pairs, templates("ab"), weights=WEIGHTS)
    assert compared.pairs == (pairs[0],)
    assert left_out(pairs, {Path("x"), Path("y")}) == 2


def test_people_come_from_the_file_where_it_names_them() -> None:
    pairs = [pair("a", "b", same=True, people="PP"), pair("b", "c", same=False, people="PQ")]
    compared = compare(pairs, templates("abc"), weights=WEIGHTS)
    assert compared.people == ("P", "P", "Q")
    assert compared.people_known


def test_people_are_worked_out_from_the_pairs_else() -> None:
    pairs = [
        pair("a", "b", same=True, people="PP"),
        pair("b", "c", same=True),
        pair("c", "d", same=False),
    ]
    compared = compare(pairs, templates("abcd"), weights=WEIGHTS)
    one, two, three, four = compared.people
    assert one == two == three != four
    assert not compared.people_known


def test_contradicting_labels_are_counted() -> None:
    pairs = [
        pair("a", "b", same=True),
        pair("b", "c", same=True),
        pair("a", "c", same=False),
        pair("a", "d", same=False),
    ]
    assert compare(pairs, templates("abcd"), weights=WEIGHTS).contradictions == 1


def test_units_follow_the_people() -> None:
    pairs = [
        pair("a", "b", same=True),
        pair("a", "c", same=False),
        pair("d", "e", same=False),
    ]
    left, right = compare(pairs, templates("abcde"), weights=WEIGHTS).units
    assert left[0] == right[0] == left[1] != right[1]
    assert left[2] == right[2] not in (left[1], right[1])


def test_other_scores_of_the_same_pairs() -> None:
    compared = compare([pair("a", "b", same=True)], templates("ab"), weights=WEIGHTS)
    assert compared.scores(np.array([0.25])).similarities.tolist() == [0.25]
