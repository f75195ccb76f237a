from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.faces.calibration import CalibrationTable
from menshen.faces.evaluation import (
    Doubles,
    Flags,
    TooFewPairsError,
    calibration_columns,
    calibration_csv,
    det_points,
    equal_error_rate,
    error_rates,
    normal_deviate,
    people_of,
    place_of_fmr,
    place_of_threshold,
    rank,
    smallest_claim,
)


@st.composite
def labelled(draw: st.DrawFn) -> tuple[Doubles, Flags]:
    """Scores with many ties, both kinds present."""
    count = draw(st.integers(2, 60))
    ticks = draw(st.lists(st.integers(-8, 8), min_size=count, max_size=count))
    flags = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    flags[0], flags[1] = True, False
    return np.array(ticks) / 8, np.array(flags)


@settings(deadline=None)
@given(labelled())
def test_rates_match_the_definition(pairs: tuple[Doubles, Flags]) -> None:
    scores, same = pairs
    rates = error_rates(scores, same)
    for t, fmr, fnmr in zip(rates.threshold, rates.fmr, rates.fnmr, strict=True):
        assert fmr == np.mean([s >= t for s in scores[~same]])
        assert fnmr == np.mean([s < t for s in scores[same]])
    assert rates.genuine_pairs == same.sum()
    assert rates.impostor_pairs == (~same).sum()


@settings(deadline=None)
@given(labelled())
def test_rates_are_monotone_and_reach_both_ends(pairs: tuple[Doubles, Flags]) -> None:
    rates = error_rates(*pairs)
    assert (np.diff(rates.threshold) > 0).all()
    assert (np.diff(rates.fmr) <= 0).all()
    assert (np.diff(rates.fnmr) >= 0).all()
    assert (rates.fmr[0], rates.fnmr[0]) == (1, 0)
    assert (rates.fmr[-1], rates.fnmr[-1]) == (0, 1)


@settings(deadline=None)
@given(labelled(), st.data())
def test_weights_count_pairs_several_times(
    pairs: tuple[Doubles, Flags], data: st.DataObject
) -> None:
    scores, same = pairs
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(same), max_size=len(same))))
    weighted = rank(scores, same).rates(times.astype(np.float64))
    repeated = np.repeat(scores, times), np.repeat(same, times)
    if not repeated[1].any() or repeated[1].all():
        assert weighted is None
        return
    assert weighted is not None
    expected = error_rates(*repeated)
    for t, fmr, fnmr in zip(expected.threshold, expected.fmr, expected.fnmr, strict=True):
        place = place_of_threshold(rank(scores, same).threshold, t)
        assert weighted[0][place] == pytest.approx(fmr)
        assert weighted[1][place] == pytest.approx(fnmr)


@settings(deadline=None)
@given(labelled())
def test_the_equal_error_rate_lies_between_the_errors_around_it(
    pairs: tuple[Doubles, Flags],
) -> None:
    rates = error_rates(*pairs)
    eer = equal_error_rate(rates.fmr, rates.fnmr)
    assert 0 <= eer <= 1
    worst = np.maximum(rates.fmr, rates.fnmr).min()
    best = np.minimum(rates.fmr, rates.fnmr).max()
    assert best - 1e-12 <= eer <= worst + 1e-12


def test_equal_error_rates_by_hand() -> None:
    separated = error_rates([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert equal_error_rate(separated.fmr, separated.fnmr) == 0
    swapped = error_rates([0.1, 0.2, 0.8, 0.9], [True, True, False, False])
    assert equal_error_rate(swapped.fmr, swapped.fnmr) == 1
    tied = error_rates([0.5, 0.5], [True, False])
    assert equal_error_rate(tied.fmr, tied.fnmr) == 0.5
    one_in_four = error_rates([0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9], [False] * 4 + [True] * 4)
    assert equal_error_rate(one_in_four.fmr, one_in_four.fnmr) == 0.25


def test_the_equal_error_rate_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.normal(0, 1, 200_000), rng.normal(3, 1, 200_000)])
    rates = error_rates(scores, np.arange(400_000) >= 200_000)
    assert equal_error_rate(rates.fmr, rates.fnmr) == pytest.approx(
        NormalDist().cdf(-1.5), rel=0.02
    )


@settings(deadline=None)
@given(labelled(), st.floats(0, 1))
def test_the_place_of_a_rate_is_the_most_generous_that_holds_it(
    pairs: tuple[Doubles, Flags], wanted: float
) -> None:
    rates = error_rates(*pairs)
    place = place_of_fmr(rates.fmr, wanted)
    assert rates.fmr[place] <= wanted
    assert place == 0 or rates.fmr[place - 1] > wanted


@settings(deadline=None)
@given(labelled(), st.floats(-2, 2))
def test_the_place_of_a_threshold_decides_as_it_does(
    pairs: tuple[Doubles, Flags], threshold: float
) -> None:
    scores, same = pairs
    rates = error_rates(scores, same)
    place = place_of_threshold(rates.threshold, threshold)
    assert rates.fmr[place] == np.mean(scores[~same] >= threshold)
    assert rates.fnmr[place] == np.mean(scores[same] < threshold)


@settings(deadline=None)
@given(labelled())
def test_the_corners_carry_the_whole_curve(pairs: tuple[Doubles, Flags]) -> None:
    rates = error_rates(*pairs)
    fmr, fnmr = det_points(rates)
    assert {*zip(fmr, fnmr, strict=True)} <= {*zip(rates.fmr, rates.fnmr, strict=True)}
    assert (fmr[0], fnmr[0], fmr[-1], fnmr[-1]) == (1, 0, 0, 1)
    for x, y in zip(rates.fmr, rates.fnmr, strict=True):
        on_a_line = (
            (np.minimum(fmr[:-1], fmr[1:]) <= x)
            & (x <= np.maximum(fmr[:-1], fmr[1:]))
            & (np.minimum(fnmr[:-1], fnmr[1:]) <= y)
            & (y <= np.maximum(fnmr[:-1], fnmr[1:]))
        )
        assert on_a_line.any()


def test_one_kind_of_pair_is_not_enough() -> None:
    for same in ([True, True], [False, False]):
        with pytest.raises(TooFewPairsError):
            error_rates([0.1, 0.2], same)
    with pytest.raises(TooFewPairsError):
        calibration_columns([0.1, 0.2], [True, True])


def test_scores_must_be_finite_and_labelled() -> None:
    with pytest.raises(ValueError, match="finite"):
        error_rates([0.1, float("nan")], [True, False])
    with pytest.raises(ValueError, match="one label"):
        error_rates([0.1, 0.2], [True])


def test_normal_deviates() -> None:
    assert normal_deviate([0.5, 0.975]) == pytest.approx([0, 1.959964], abs=1e-6)


def test_the_rule_of_30() -> None:
    assert smallest_claim(30_000) == pytest.approx(1e-3)
    assert smallest_claim(0) == float("inf")


@settings(max_examples=50, deadline=None)
@given(labelled(), st.sampled_from([0.01, 0.1, 0.3]))
def test_calibration_rows_count_as_the_table_reads_them(
    pairs: tuple[Doubles, Flags], step: float
) -> None:
    scores, same = pairs
    columns = calibration_columns(scores, same, step=step)
    table = CalibrationTable.parse(calibration_csv(columns))
    for row, threshold in enumerate(table.similarity):
        assert table.false_matches[row] == (scores[~same] >= threshold).sum()
        assert table.false_non_matches[row] == (scores[same] < threshold).sum()
    assert table.false_matches[0] == (~same).sum()
    assert table.false_matches[-1] == 0
    assert table.false_non_matches[0] == 0
    assert table.false_non_matches[-1] == same.sum()


def test_people_from_pairs() -> None:
    left, right = [0, 1, 3, 5], [1, 2, 4, 0]
    assert people_of(left, right, [True, True, True, False]) == [0, 0, 0, 3, 3, 5]
    assert people_of([], [], []) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.booleans()), max_size=30))
def test_people_are_joined_by_exactly_the_pairs_of_one_person(
    pairs: list[tuple[int, int, bool]],
) -> None:
    left, right, same = ([p[i] for p in pairs] for i in range(3))
    people = people_of(left, right, [bool(s) for s in same])
    groups = [{i} for i in range(len(people))]
    for a, b, together in pairs:
        if together:
            merged = next(g for g in groups if a in g) | next(g for g in groups if b in g)
            groups = [g for g in groups if not g & merged] + [merged]
    for group in groups:
        assert {people[i] for i in group} == {min(group)}
