from __future__ import annotations

import math
from fractions import Fraction
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.errors import CalibrationError
from menshen.faces import calibration
from menshen.faces.calibration import CalibrationTable
from menshen.faces.models import manifest
from menshen.faces.models.manifest import Assurance

HEAD = "similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs\n"
SMALL = HEAD + "0.0,100000,100000,0,1000\n0.5,1000,100000,5,1000\n0.9,0,100000,400,1000\n"
PACKS = resources.files("menshen.faces.models") / "packs"


def published(pack: str) -> tuple[manifest.PackManifest, CalibrationTable]:
    read = manifest.parse((PACKS / f"{pack}.toml").read_text("utf-8"))
    assert read.calibration is not None
    text = (PACKS / read.calibration.table).read_text("utf-8")
    return read, CalibrationTable.parse(text, source=read.calibration)


# ------------------------------------------------------------------- the bound


def tail(errors: int, trials: int, p: float) -> float:
    exact = Fraction(p)
    terms = (
        math.comb(trials, i) * exact**i * (1 - exact) ** (trials - i) for i in range(errors + 1)
    )
    return float(sum(terms, Fraction(0)))


@pytest.mark.parametrize("trials", [1, 2, 10, 60])
def test_the_bound_solves_the_binomial_tail(trials: int) -> None:
    for errors in range(0, trials, max(1, trials // 7)):
        bound = calibration.upper_bound(errors, trials)
        assert tail(errors, trials, bound) == pytest.approx(0.05, rel=1e-9)


def test_no_error_gives_the_rule_of_three() -> None:
    assert calibration.upper_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert calibration.upper_bound(0, 1_000_000) == pytest.approx(2.9957e-6, rel=1e-4)


@pytest.mark.parametrize(
    ("errors", "trials", "expected"),  # quantiles of the beta distribution, from SciPy 1.17
    [
        (3, 36, 0.20151993207935265),
        (30, 30_000, 0.0013561085573092083),
        (216, 21_592_789, 1.1197493733630586e-05),
        (19_000, 21_592_789, 0.0008904916733712527),
        (21_593, 21_592_789, 0.0010112706461899458),
        (1_000_000, 21_592_789, 0.046386216441869466),
    ],
)
def test_known_quantiles(errors: int, trials: int, expected: float) -> None:
    assert calibration.upper_bound(errors, trials) == pytest.approx(expected, rel=1e-7)


def test_nothing_is_known_without_trials_or_when_all_failed() -> None:
    assert calibration.upper_bound(0, 0) == 1
    assert calibration.upper_bound(7, 7) == 1


@pytest.mark.parametrize(("errors", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(errors: int, trials: int) -> None:
    with pytest.raises(ValueError, match="errors"):
        calibration.upper_bound(errors, trials)


@given(st.integers(0, 3000), st.integers(1, 10**9), st.floats(0.5, 0.999))
def test_the_bound_lies_above_the_estimate(errors: int, trials: int, confidence: float) -> None:
    if errors >= trials:
        return
    bound = calibration.upper_bound(errors, trials, confidence=confidence)
    assert errors / trials < bound <= 1
    assert bound < calibration.upper_bound(errors + 1, trials, confidence=confidence) + 1e-12


@given(st.integers(1, 500), st.integers(0, 10))
def test_more_trials_bind_closer(trials: int, errors: int) -> None:
    if errors < trials:
        one, ten = (calibration.upper_bound(errors * k, trials * k) for k in (1, 10))
        assert ten < one


# ------------------------------------------------------------------- the table


def test_rates_are_read_on_the_safe_side() -> None:
    table = CalibrationTable.parse(SMALL)
    assert table.fmr_estimate(0.5) == table.fmr_estimate(0.7) == 0.01
    assert table.fmr(0.7) == table.fmr(0.5) == pytest.approx(calibration.upper_bound(1000, 100_000))
    assert table.fmr(0.7) > 0.01
    assert table.fmr(-1) == table.fmr_estimate(-1) == 1
    assert table.fnmr(0.5) == 0.005
    assert table.fnmr(0.51) == table.fnmr(0.9) == 0.4
    assert table.fnmr(0.95) == 1


def test_a_threshold_keeps_the_bound_and_not_only_the_estimate() -> None:
    table = CalibrationTable.parse(SMALL)
    assert table.threshold(0.011) == 0.5
    assert table.threshold(0.01) == 0.9  # 1,000 of 100,000 is 1 %, but its bound is above
    assert table.fmr(table.threshold(0.01)) <= 0.01


def test_few_pairs_support_no_strict_claim() -> None:
    table = CalibrationTable.parse(SMALL)
    assert table.supports(3e-4)
    assert not table.supports(2.9e-4)  # the rule of 30: 103,449 pairs
    with pytest.raises(CalibrationError, match="103,449 impostor pairs"):
        table.threshold(2.9e-4)


def test_a_table_that_never_gets_low_enough_supports_nothing() -> None:
    table = CalibrationTable.parse(HEAD + "0.0,100000,100000,0,10\n0.1,50000,100000,0,10\n")
    assert not table.supports(0.1)
    with pytest.raises(CalibrationError):
        table.threshold(0.1)


@pytest.mark.parametrize("fmr", [0.0, 1.0, -1e-3, math.nan])
def test_a_rate_outside_its_range_is_refused(fmr: float) -> None:
    with pytest.raises(CalibrationError):
        CalibrationTable.parse(SMALL).threshold(fmr)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line"),
        ("a,b\n1,2\n", "first line"),
        (HEAD, "five numbers"),
        (HEAD + "0.1,2,3\n", "five numbers"),
        (HEAD + "0.1,2,3,4,5\n0.2,1,3\n", "malformed"),
        (HEAD + "x,2,3,4,5\n", "malformed"),
        (HEAD + "nan,2,3,4,5\n", "finite"),
        (HEAD + "0.1,inf,3,4,5\n", "finite"),
        (HEAD + "0.1,1.5,3,4,5\n", "whole"),
        (HEAD + "0.1,-1,3,4,5\n", "negative"),
        (HEAD + "0.1,4,3,4,5\n", "more errors"),
        (HEAD + "0.1,3,3,6,5\n", "more errors"),
        (HEAD + "0.1,0,0,0,5\n", "no impostor"),
        (HEAD + "0.2,2,3,0,5\n0.1,1,3,0,5\n", "must rise"),
        (HEAD + "0.1,1,3,0,5\n0.2,2,3,0,5\n", "fall"),
        (HEAD + "0.1,2,3,1,5\n0.2,2,3,0,5\n", "rise"),
        (HEAD + '"0.1,2,3,1,5\n', "malformed"),
        (HEAD + " " * calibration.LIMIT, "longer"),
    ],
)
def test_malformed_tables_are_refused(text: str, words: str) -> None:
    with pytest.raises(CalibrationError, match=words):
        CalibrationTable.parse(text)


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_a_calibration_error(text: str) -> None:
    for candidate in (text, HEAD + text):
        try:
            CalibrationTable.parse(candidate)
        except CalibrationError:
            continue


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8), st.floats(-1, 1))
def test_no_similarity_gets_a_rate_below_the_measured_one(counts: list[int], at: float) -> None:
    falling = sorted(counts, reverse=True)
    rows = [f"{i / 10},{n},10000,{i},20" for i, n in enumerate(falling)]
    table = CalibrationTable.parse(HEAD + "\n".join(rows))
    assert table.fmr_estimate(at) <= table.fmr(at) <= 1
    assert (np.diff(table.bounds) <= 0).all()


def test_a_table_cannot_be_changed() -> None:
    table = CalibrationTable.parse(SMALL)
    with pytest.raises(ValueError, match="read-only"):
        table.bounds[0] = 0


# ------------------------------------------------------------------- assurance


@pytest.mark.parametrize("pack", ["basic", "standard", "openmodelzoo"])
def test_the_manifest_claims_what_its_table_supports(pack: str) -> None:
    read, table = published(pack)
    assert calibration.assurance(table) == read.assurance
    assert table.source == read.calibration


def test_the_three_packs_reach_three_levels() -> None:
    levels = [calibration.assurance(published(p)[1]) for p in ("basic", "standard", "openmodelzoo")]
    assert levels == [Assurance.CONVENIENCE, Assurance.COUNTER, Assurance.REMOTE]


def test_the_published_data_carry_no_claim_below_one_in_a_million() -> None:
    for pack in ("basic", "standard", "openmodelzoo"):
        table = published(pack)[1]
        assert table.supports(1e-5)
        assert not table.supports(1e-6)


def test_a_table_with_too_few_pairs_reaches_no_level() -> None:
    assert calibration.assurance(CalibrationTable.parse(HEAD + "0.5,0,50,0,50\n")) == "none"


def test_a_level_needs_the_levels_below_it() -> None:
    assert calibration.assurance(CalibrationTable.parse(SMALL)) == Assurance.NONE
    better = SMALL.replace(",400,", ",11,")
    assert calibration.assurance(CalibrationTable.parse(better)) == Assurance.COUNTER


def test_a_level_needs_genuine_pairs_that_show_few_rejections() -> None:
    for genuine, level in ((0, "none"), (100, "none"), (149, "counter"), (5000, "counter")):
        text = f"0.0,200000,200000,0,{genuine}\n0.5,0,200000,0,{genuine}\n"
        assert calibration.assurance(CalibrationTable.parse(HEAD + text)) == level


def test_without_genuine_pairs_nothing_is_known_of_rejections() -> None:
    table = CalibrationTable.parse(HEAD + "0.0,100,100,0,0\n0.5,0,100,0,0\n")
    assert table.fnmr(0.5) == table.fnmr_bound(0.5) == 1
    some = CalibrationTable.parse(SMALL)
    assert some.fnmr(0.5) < some.fnmr_bound(0.5) < 0.02
    assert some.fnmr_bound(0.95) == 1


@pytest.mark.parametrize(
    ("fmr", "level"),
    [
        (0.05, Assurance.NONE),
        (1e-2, Assurance.CONVENIENCE),
        (2e-3, Assurance.CONVENIENCE),
        (1e-3, Assurance.COUNTER),
        (1e-4, Assurance.REMOTE),
        (1e-5, Assurance.SIGN_IN),
        (1e-7, Assurance.SIGN_IN),
    ],
)
def test_the_level_a_policy_claims(fmr: float, level: Assurance) -> None:
    assert calibration.level_of(fmr) == level


def test_a_pack_is_not_used_above_its_level() -> None:
    calibration.permit(1e-2, granted=Assurance.CONVENIENCE, pack="basic")
    calibration.permit(1e-2, granted=Assurance.REMOTE, pack="openmodelzoo")
    with pytest.raises(CalibrationError, match=r"'counter'.*'basic'.*'convenience'") as caught:
        calibration.permit(1e-3, granted=Assurance.CONVENIENCE, pack="basic")
    assert caught.value.code == "calibration-unsupported"
    assert "stronger pack" in caught.value.advice
