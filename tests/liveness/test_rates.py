from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.liveness.rates import ErrorRate, interval


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [  # the tables of Clopper and Pearson's two-sided 95 % interval
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (0, 200, 0.0, 0.0183),
        (3, 100, 0.0062, 0.0852),
    ],
)
def test_known_intervals(errors: int, trials: int, low: float, high: float) -> None:
    assert interval(errors, trials) == pytest.approx((low, high), abs=1e-4)


def test_nothing_tried_says_nothing() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert ErrorRate.of([]).rate is None


def test_more_errors_than_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="errors"):
        interval(3, 2)


def test_no_answer_is_no_trial_and_no_success() -> None:
    rate = ErrorRate.of([True, False, None, False, None])
    assert (rate.errors, rate.trials, rate.unanswered) == (1, 3, 2)
    assert rate.rate == pytest.approx(1 / 3)
    assert rate.low < 1 / 3 < rate.high


@given(st.integers(0, 60), st.integers(1, 60))
def test_each_end_leaves_one_in_forty(errors: int, extra: int) -> None:
    trials = errors + extra
    low, high = interval(errors, trials)
    assert 0 <= low <= errors / trials <= high <= 1
    at_most = math.fsum(
        math.comb(trials, k) * high**k * (1 - high) ** (trials - k) for k in range(errors + 1)
    )
    assert at_most == pytest.approx(0.025, rel=1e-3)


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_interval_is_symmetric(errors: int, extra: int) -> None:
    trials = errors + extra
    low, high = interval(errors, trials)
    mirrored = interval(trials - errors, trials)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)
