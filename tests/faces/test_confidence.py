from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.faces.confidence import Scores, compact, summarise, weights
from menshen.faces.evaluation import TooFewPairsError, equal_error_rate, error_rates


def independent(rng: np.random.Generator, genuine: int, impostor: int, gap: float = 3.0) -> Scores:
    """Pairs of people who appear once each."""
    similarities = np.concatenate([rng.normal(gap, 1, genuine), rng.normal(0, 1, impostor)])
    units = np.arange(genuine + impostor)
    return Scores(similarities, units < genuine, units, units)


def among_people(rng: np.random.Generator, people: int, pictures: int) -> Scores:
    """All pairs of all pictures; some people are harder than others."""
    owner = np.repeat(np.arange(people), pictures)
    hard = rng.normal(0, 1, people)[owner]
    left, right = np.triu_indices(len(owner), 1)
    same = owner[left] == owner[right]
    similarities = 3 * same + hard[left] + hard[right] + rng.normal(0, 1, len(left))
    return Scores(similarities, same, owner[left], owner[right])


def test_a_summary_agrees_with_the_plain_rates() -> None:
    scores = independent(np.random.default_rng(0), 500, 2000)
    summary = summarise(scores, rates=[0.1, 0.01], thresholds=[(1e-3, 1.5)], draws=50)
    rates = error_rates(scores.similarities, scores.same)
    assert (summary.genuine_pairs, summary.impostor_pairs) == (500, 2000)
    assert summary.eer.value == equal_error_rate(rates.fmr, rates.fnmr)
    genuine, impostor = scores.similarities[scores.same], scores.similarities[~scores.same]
    at = summary.at_thresholds[0]
    assert at.claimed_fmr == 1e-3
    assert at.fmr.value == pytest.approx((impostor >= 1.5).mean())
    assert at.fnmr.value == pytest.approx((genuine < 1.5).mean())
    for row in summary.at_rates:
        assert (impostor >= row.threshold).mean() <= row.fmr
        assert row.tar.value == pytest.approx((genuine >= row.threshold).mean())


def test_what_too_few_pairs_cannot_support_is_marked() -> None:
    summary = summarise(
        independent(np.random.default_rng(0), 100, 3000), rates=[0.01, 0.009], draws=10
    )
    assert [row.supported for row in summary.at_rates] == [True, False]


def test_a_rate_below_any_measured_one_has_an_infinite_threshold() -> None:
    scores = Scores(
        np.array([0.9, 0.5, 0.4]), np.array([False, True, True]), np.arange(3), np.arange(3)
    )
    row = summarise(scores, rates=[1e-5], draws=10).at_rates[0]
    assert row.threshold == np.inf
    assert row.tar.value == 0
    assert not row.supported


def test_intervals_hold_their_estimate_and_stay_in_range() -> None:
    for seed in range(5):
        scores = among_people(np.random.default_rng(seed), 12, 4)
        summary = summarise(scores, rates=[0.1], thresholds=[(0.01, 2.0)], draws=100)
        at = summary.at_thresholds[0]
        for estimate in (summary.eer, summary.at_rates[0].tar, at.fmr, at.fnmr):
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_the_interval_of_independent_pairs_covers_the_truth() -> None:
    """FMR at a threshold is binomial: the 95 % interval must cover it about 95 times of 100."""
    truth = 0.1  # of a normal distribution above 1.2816
    covered = 0
    for seed in range(100):
        scores = independent(np.random.default_rng(seed), 20, 300)
        at = summarise(scores, rates=[], thresholds=[(0.1, 1.2816)], draws=200).at_thresholds[0]
        covered += at.fmr.low <= truth <= at.fmr.high
    assert covered >= 88


def test_people_who_repeat_make_the_interval_wider() -> None:
    scores = among_people(np.random.default_rng(2), 15, 4)
    blind = Scores(scores.similarities, scores.same, *[np.arange(len(scores.same))] * 2)
    by_person = summarise(scores, rates=[], thresholds=[(0.1, 2.0)], draws=300)
    by_pair = summarise(blind, rates=[], thresholds=[(0.1, 2.0)], draws=300)
    wide, narrow = by_person.at_thresholds[0].fmr, by_pair.at_thresholds[0].fmr
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_no_error_seen_is_not_no_error() -> None:
    """The rule of three: nothing in n trials leaves 3.7 / n (two-sided 95 %)."""
    scores = independent(np.random.default_rng(0), 200, 1000, gap=30.0)
    summary = summarise(scores, rates=[0.01], thresholds=[(1e-3, 15.0)], draws=50)
    at = summary.at_thresholds[0]
    assert at.fmr.value == 0
    assert at.fmr.high == pytest.approx(3.69 / 1000, rel=0.01)
    assert at.fnmr.high == pytest.approx(3.69 / 200, rel=0.02)
    assert summary.at_rates[0].tar.low == pytest.approx(1 - 3.69 / 200, rel=0.001)
    assert summary.eer.high > 0.015


def test_the_same_pairs_give_the_same_intervals() -> None:
    scores = among_people(np.random.default_rng(3), 8, 3)
    assert summarise(scores, rates=[0.1], draws=40) == summarise(scores, rates=[0.1], draws=40)


def test_one_kind_of_pair_is_refused() -> None:
    with pytest.raises(TooFewPairsError):
        summarise(independent(np.random.default_rng(0), 5, 0), rates=[0.1])


def test_resampling_that_always_loses_a_kind_leaves_no_claim() -> None:
    scores = independent(np.random.default_rng(0), 1, 1)
    eer = summarise(scores, rates=[], draws=0).eer
    assert (eer.low, eer.high) == (0, 1)


def test_groups_can_be_cut_out() -> None:
    scores = independent(np.random.default_rng(0), 4, 6)
    part = scores.chosen(scores.similarities > 0)
    assert (part.similarities > 0).all()
    assert len(part.same) == len(part.left) == len(part.right) == (scores.similarities > 0).sum()


def test_a_pair_counts_as_often_as_its_people_were_drawn() -> None:
    scores = among_people(np.random.default_rng(0), 6, 2)
    drawn = np.bincount(np.random.default_rng(9).integers(0, 6, 6), minlength=6)
    got = weights(scores, np.random.default_rng(9))
    for weight, left, right in zip(got, scores.left, scores.right, strict=True):
        assert weight == (drawn[left] if left == right else drawn[left] * drawn[right])


def test_pairs_that_stand_alone_are_units() -> None:
    left, right = compact([10, 20, 40, 60, 60], [11, 30, 30, 60, 61])
    assert left[0] == right[0]
    assert left[1] != right[1]
    assert right[1] == right[2]
    assert left[3] == right[3] == left[4] != right[4]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25))
def test_units_keep_who_is_who(pairs: list[tuple[int, int]]) -> None:
    left, right = compact([a for a, _ in pairs], [b for _, b in pairs])
    assert set(left) | set(right) == set(range(max(*left, *right) + 1))
    for i, (a, b) in enumerate(pairs):
        for j, (c, d) in enumerate(pairs):
            if i != j:
                assert (left[i] == left[j]) == (a == c)
                assert (left[i] == right[j]) == (a == d)
                assert (right[i] == right[j]) == (b == d)
