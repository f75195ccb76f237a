from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from menshen.faces import normalisation
from menshen.faces.normalisation import Cohort, Method, nearest_count, normalise, normalise_pairs
from menshen.faces.records import Floats

Population = tuple[Floats, list[str]]
METHODS: tuple[Method, ...] = ("centred", "as-norm")


def unit(vectors: NDArray[np.float64]) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, np.float32)


def population(people: int, *, each: int = 2, seed: int = 0, noise: float = 0.5) -> Population:
    """Make templates that lie in one corner of the sphere, as one camera's do."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((people, 1, 32)) + 2 * rng.standard_normal(32)
    pictures = truth + noise * rng.standard_normal((people, each, 32))
    names = [f"p{i}" for i in range(people) for _ in range(each)]
    return unit(pictures.reshape(-1, 32)), names


def all_pairs(features: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    left, right = np.triu_indices(len(features), 1)
    return left, right, (features @ features.T).astype(np.float64)[left, right]


def by_hand(features: Floats, names: list[str], i: int, j: int, *, method: Method) -> float:
    """The definition, one pair at a time."""
    people = sorted(set(names) - {names[i], names[j]})
    rows = [unit(features[[n == p for n in names]].astype(np.float64).sum(0)) for p in people]
    if method == "centred":
        mean = 0.8 * np.mean(rows, axis=0)
        return float(unit(features[i] - mean) @ unit(features[j] - mean))
    size = len(set(names))
    count = min(nearest_count(size), size - 2) + (names[i] == names[j])
    similarity = float(features[i] @ features[j])
    sides = []
    for row in (i, j):
        nearest = sorted((float(features[row] @ other) for other in rows), reverse=True)[:count]
        sides.append((similarity - np.mean(nearest)) / np.std(nearest))
    return float(np.mean(sides))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("people", "each"), [(5, 1), (12, 3), (60, 2), (90, 1)])
def test_it_is_the_definition(people: int, each: int, method: Method) -> None:
    features, names = population(people, each=each)
    left, right, raw = all_pairs(features)
    scores = normalise_pairs(raw, left, right, features, people=names, method=method)
    for k in range(0, len(left), max(1, len(left) // 60)):
        expected = by_hand(features, names, int(left[k]), int(right[k]), method=method)
        assert scores[k] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("method", METHODS)
def test_both_sides_count_alike(method: Method) -> None:
    features, names = population(30)
    left, right, raw = all_pairs(features)
    forth = normalise_pairs(raw, left, right, features, people=names, method=method)
    back = normalise_pairs(raw, right, left, features, people=names, method=method)
    assert forth == pytest.approx(back)


@pytest.mark.parametrize("method", METHODS)
def test_a_second_enrolment_of_the_person_does_not_lower_the_score(method: Method) -> None:
    features, names = population(40, each=1)
    probe = unit(features[0].astype(np.float64) + 0.01)
    alone = np.vstack([features, probe[None]])
    twice = np.vstack([alone, unit(features[0].astype(np.float64) - 0.01)[None]])
    raw = np.array([float(probe @ features[0])])
    at = np.array([0]), np.array([40])
    once = normalise_pairs(raw, *at, alone, people=[*names, "p0"], method=method)
    again = normalise_pairs(raw, *at, twice, people=[*names, "p0", "p0"], method=method)
    assert once[0] == pytest.approx(again[0], abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_the_other_person_is_taken_out_of_the_cohort(method: Method) -> None:
    features, names = population(40, each=1, seed=3)
    features[1] = unit(features[0].astype(np.float64) + 0.01)  # a twin
    raw = np.array([float(features[0] @ features[1])])
    at = np.array([0]), np.array([1])
    with_twin = normalise_pairs(raw, *at, features, people=names, method=method)
    rest = Cohort.of(features[2:], people=names[2:])
    # Two people fewer in the cohort move the number of nearest people as-norm uses by one.
    without = normalise_pairs(raw, *at, features, people=names, cohort=rest, method=method)
    assert with_twin[0] == pytest.approx(without[0], rel=0.05)


@pytest.mark.parametrize(("method", "scale"), [("centred", 0.1), ("as-norm", 0.35)])
def test_another_camera_moves_raw_scores_and_not_normalised_ones(
    method: Method, scale: float
) -> None:
    features, names = population(80, seed=1)
    dimmed = unit(features.astype(np.float64) + 0.5 * features.mean(0))
    raws, means = [], []
    for view in (features, dimmed):
        left, right, raw = all_pairs(view)
        impostors = np.array([names[a] != names[b] for a, b in zip(left, right, strict=True)])
        scores = normalise_pairs(raw, left, right, view, people=names, method=method)
        means.append(float(np.quantile(scores[impostors], 0.99)))
        raws.append(float(np.quantile(raw[impostors], 0.99)))
    assert raws[1] - raws[0] > 0.04
    assert means[1] == pytest.approx(means[0], abs=scale)


def test_centring_tells_people_of_one_camera_better_apart() -> None:
    rng = np.random.default_rng(2)
    camera = 4 * rng.standard_normal(32) * (np.arange(32) < 6)
    truth = rng.standard_normal((60, 1, 32))
    exposure = 1 + 0.5 * rng.standard_normal((60, 3, 1))  # how strongly the camera shows
    pictures = truth + exposure * camera + 0.5 * rng.standard_normal((60, 3, 32))
    features = unit(pictures.reshape(-1, 32))
    names = [f"p{i}" for i in range(60) for _ in range(3)]
    left, right, raw = all_pairs(features)
    same = np.array([names[a] == names[b] for a, b in zip(left, right, strict=True)])
    centred = normalise_pairs(raw, left, right, features, people=names)
    accepted = [(s[same] > np.quantile(s[~same], 0.99)).mean() for s in (raw, centred)]
    assert accepted[1] > accepted[0] + 0.1


@pytest.mark.parametrize("method", METHODS)
def test_a_face_that_resembles_everybody_gains_nothing_from_it(method: Method) -> None:
    features, names = population(60, each=1, seed=5)
    features[0] = unit(features.astype(np.float64).mean(0))
    left, right, raw = all_pairs(features)
    scores = normalise_pairs(raw, left, right, features, people=names, method=method)
    wolf = left == 0
    assert raw[wolf].mean() > np.quantile(raw[~wolf], 0.95)
    assert scores[wolf].mean() < np.quantile(scores[~wolf], 0.95)


@pytest.mark.parametrize("method", METHODS)
def test_a_bare_array_is_a_cohort_of_strangers(method: Method) -> None:
    features, names = population(10)
    others = population(50, seed=9)[0]
    left, right, raw = all_pairs(features)
    named = Cohort.of(others, people=[f"other-{i}" for i in range(len(others))])
    bare, known = (
        normalise_pairs(raw, left, right, features, people=names, cohort=cohort, method=method)
        for cohort in (others, named)
    )
    assert bare == pytest.approx(known)


@pytest.mark.parametrize("method", METHODS)
def test_without_names_every_row_is_a_person(method: Method) -> None:
    features, _ = population(25, each=1)
    left, right, raw = all_pairs(features)
    unnamed, named = (
        normalise_pairs(raw, left, right, features, people=people, method=method)
        for people in (None, list(range(25)))
    )
    assert unnamed == pytest.approx(named)


@pytest.mark.parametrize("method", METHODS)
def test_one_comparison_is_a_list_of_one(method: Method) -> None:
    features, names = population(40)
    cohort = Cohort.of(features, people=names)
    score = normalise(features[0], features[1], cohort=cohort, claimed="p0", method=method)
    raw = np.array([float(features[0] @ features[1])])
    at = np.array([0]), np.array([1])
    pair = normalise_pairs(
        raw, *at, features[:2], people=["p0", "p0"], cohort=cohort, method=method
    )
    assert score == pytest.approx(pair[0])
    other = normalise(features[0], features[2], cohort=cohort, claimed="p0", method=method)
    assert score > other + 0.1


def test_a_probe_nobody_claims_is_compared_with_the_whole_cohort() -> None:
    features, names = population(20, each=1)
    cohort = Cohort.of(features[:18], people=names[:18])
    expected = unit(features[18:].astype(np.float64) - 0.8 * cohort.features.mean(0))
    score = normalise(features[18], features[19], cohort=cohort)
    assert score == pytest.approx(float(expected[0] @ expected[1]), abs=1e-5)


def test_a_cohort_averages_a_persons_pictures() -> None:
    features, names = population(30, each=4)
    cohort = Cohort.of(features, people=names)
    assert len(cohort) == 30
    assert cohort.people[:2] == ("p0", "p1")
    assert np.linalg.norm(cohort.features, axis=1) == pytest.approx(np.ones(30), abs=1e-5)
    mean = unit(features[:4].astype(np.float64).sum(0))
    assert cohort.features[0] == pytest.approx(mean, abs=1e-6)


def test_a_huge_cohort_is_thinned_evenly() -> None:
    rng = np.random.default_rng(0)
    cohort = Cohort.of(unit(rng.standard_normal((5000, 8))))
    assert len(cohort) == normalisation.LARGEST_COHORT
    assert cohort.people[0] == 0
    assert cohort.people[-1] == 4999


def test_people_left_out_of_a_thinned_cohort_can_still_be_compared() -> None:
    features, names = population(2500, each=1)
    raw = np.array([float(features[1] @ features[2])])
    score = normalise_pairs(raw, np.array([1]), np.array([2]), features, people=names)
    assert np.isfinite(score).all()


@pytest.mark.parametrize("people", [1, 2, 3, 4])
def test_too_few_people_are_refused(people: int) -> None:
    features, names = population(people, each=3)
    with pytest.raises(ValueError, match="too few"):
        normalise_pairs(np.zeros(1), np.array([0]), np.array([1]), features, people=names)


def test_names_must_match_rows() -> None:
    features, names = population(6)
    with pytest.raises(ValueError, match="each row"):
        Cohort.of(features, people=names[:-1])


def test_an_even_cohort_does_not_blow_up() -> None:
    features = unit(np.tile(np.eye(4)[:1], (30, 1)))
    for method in METHODS:
        at = np.array([0]), np.array([1])
        scores = normalise_pairs(np.array([1.0]), *at, features, method=method)
        assert abs(scores[0]) <= 1


@given(st.integers(1, 10**6))
def test_nearest_people_are_at_least_one_and_at_most_all(people: int) -> None:
    assert 1 <= nearest_count(people) <= min(people, normalisation.MOST_NEAREST)


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 40), st.integers(1, 3), st.integers(0, 100), st.sampled_from(METHODS))
def test_scores_are_finite_and_rise_with_similarity(
    people: int, each: int, seed: int, method: Method
) -> None:
    features, names = population(people, each=each, seed=seed)
    left, right, raw = all_pairs(features)
    scores = normalise_pairs(raw, left, right, features, people=names, method=method)
    lower = normalise_pairs(raw - 0.1, left, right, features, people=names, method=method)
    assert np.isfinite(scores).all()
    assert (lower <= scores).all()
