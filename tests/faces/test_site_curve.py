from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from menshen.faces.calibration import upper_bound
from menshen.faces.records import Floats
from menshen.faces.site_curve import Comparisons, Curve, tail


def site(people: int, *, each: int = 1, seed: int = 0, camera: float = 1.0) -> Floats:
    """Make people as a recogniser sees them: a few strong directions, many weak ones.

    A camera's common direction raises all raw similarities; families and look-alikes are
    people drawn close to another.
    """
    rng = np.random.default_rng(seed)
    scale = 1 / np.sqrt(1 + np.arange(64) / 4)
    truth = rng.standard_normal((people, 64)) * scale
    kin = rng.random(people) < 0.05
    truth[kin] = 0.4 * truth[rng.permutation(people)][kin] + 0.9 * truth[kin]
    pictures = truth[:, None] + 0.25 * rng.standard_normal((people, each, 64)) * scale
    pictures += camera * np.random.default_rng(99).standard_normal(64) * scale
    flat = pictures.reshape(-1, 64)
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), np.float32)


def curve_of(features: Floats, *, each: int = 1) -> Curve:
    owner = np.arange(len(features)) // each
    left, right = np.triu_indices(len(features), 1)
    scores = (features @ features.T)[left, right].astype(np.float64)
    people = int(owner.max()) + 1
    return Comparisons(owner[left], owner[right], people).curve(scores)


def test_the_bound_is_never_below_that_of_independent_pairs() -> None:
    features = site(60)
    curve = curve_of(features)
    left, right = np.triu_indices(60, 1)
    scores = (features @ features.T)[left, right].astype(np.float64)
    for similarity, estimate, bound in zip(
        curve.similarity, curve.estimate, curve.bound, strict=True
    ):
        found = int((scores >= similarity).sum())
        assert estimate == pytest.approx(found / len(scores))
        assert bound >= upper_bound(found, len(scores)) - 1e-12


def test_a_person_who_resembles_many_widens_the_bound() -> None:
    features = site(60, seed=7)
    wolf = features.copy()
    mean = features.mean(0) + 0.1 * features[0]
    wolf[0] = mean / np.linalg.norm(mean)
    curves = [curve_of(f) for f in (features, wolf)]

    def effect(curve: Curve) -> float:
        row = max(i for i, e in enumerate(curve.estimate) if e >= 0.02)
        found = round(curve.estimate[row] * 60 * 59 / 2)
        return curve.bound[row] / upper_bound(found, 60 * 59 // 2)

    assert effect(curves[1]) > effect(curves[0]) * 1.05


def test_beyond_the_data_nothing_is_claimed() -> None:
    curve = curve_of(site(100))
    assert curve.fmr(0.9999) == pytest.approx(1 - 0.05 ** (1 / 4950))
    assert curve.fmr(-1) == 1
    assert curve.supports(1e-3)
    assert not curve.supports(5e-4)
    assert curve.threshold(1e-5) > curve.threshold(1e-3)


def test_fmr_and_threshold_agree() -> None:
    curve = curve_of(site(120))
    for fmr in (0.1, 0.03, 1e-2, 1e-3):
        at = curve.threshold(fmr)
        assert curve.fmr(at) <= fmr < curve.fmr(at - 0.05)


@settings(max_examples=15, deadline=None)
@given(st.integers(7, 40), st.integers(1, 3), st.integers(0, 50))
def test_stricter_rates_never_get_lower_thresholds(people: int, each: int, seed: int) -> None:
    curve = curve_of(site(people, each=each, seed=seed), each=each)
    asked = [curve.threshold(fmr) for fmr in (0.3, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)]
    assert asked == sorted(asked)


def test_own_pairs_tell_what_a_threshold_costs() -> None:
    curve = curve_of(site(50, each=3), each=3)
    strict, lax = curve.fnmr(curve.threshold(1e-2)), curve.fnmr(curve.threshold(0.1))
    assert strict is not None
    assert lax is not None
    assert 0 <= lax <= strict < 0.2
    assert curve.fnmr(1.001) == 1
    assert curve_of(site(50)).fnmr(0.5) is None


def test_the_estimate_is_what_was_counted() -> None:
    features = site(80)
    curve = curve_of(features)
    left, right = np.triu_indices(80, 1)
    scores = (features @ features.T)[left, right]
    at = curve.similarity[len(curve.similarity) // 2]
    assert curve.fmr_estimate(at) == pytest.approx(float((scores >= at).mean()))
    assert curve.fmr_estimate(at) < curve.fmr(at)
    assert curve.fmr_estimate(-1) == 1
    assert curve.fmr_estimate(1.1) == 0


def normal_scores(people: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = people * (people - 1) // 2
    ranked = -np.sort(-np.random.default_rng(seed).normal(0.1, 0.2, count))
    return ranked, np.arange(1.0, count + 1)


def test_the_tail_is_wider_than_the_truth_by_its_tolerance() -> None:
    spreads = [tail(*normal_scores(30, seed), people=30) for seed in range(40)]
    assert np.mean([centre for centre, _ in spreads]) == pytest.approx(0.1, abs=0.02)
    assert min(spread for _, spread in spreads) > 0.2
    assert np.mean([spread for _, spread in spreads]) < 0.3


def test_the_tail_narrows_with_more_people() -> None:
    def mean_width(people: int) -> float:
        widths = [tail(*normal_scores(people, s), people=people)[1] for s in range(20)]
        return float(np.mean(widths))

    few, some, many = (mean_width(people) for people in (8, 30, 200))
    assert few > some + 0.01 > many + 0.02 > 0.22


def test_a_heavy_tail_widens_it() -> None:
    ranked, mass = normal_scores(60, 3)
    heavy = ranked.copy()
    heavy[:40] += np.linspace(0.8, 0.0, 40)
    assert tail(heavy, mass, people=60)[1] > 1.3 * tail(ranked, mass, people=60)[1]
