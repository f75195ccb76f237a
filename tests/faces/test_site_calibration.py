from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.errors import CalibrationError
from menshen.faces import site_calibration
from menshen.faces.calibration import CalibrationTable, upper_bound
from menshen.faces.records import Floats
from menshen.faces.site_calibration import (
    SiteCalibration,
    build,
    look_alikes,
    people_for,
)

HEAD = "similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs\n"
PUBLISHED = CalibrationTable.parse(
    HEAD
    + "0.0,10000000,10000000,0,1000\n0.3,95000,10000000,5,1000\n"
    + "0.4,9500,10000000,9,1000\n0.5,900,10000000,20,1000\n0.6,0,10000000,400,1000\n"
)


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


def calibrate(people: int, *, each: int = 1, seed: int = 0, camera: float = 1.0) -> SiteCalibration:
    features = site(people, each=each, seed=seed, camera=camera)
    names = [f"p{i}" for i in range(people) for _ in range(each)]
    return build(features, people=names, contract="c" * 64, made="2026-11-22")


def impostor_rate(features: Floats, threshold: float) -> float:
    left, right = np.triu_indices(len(features), 1)
    return float(((features @ features.T)[left, right] >= threshold).mean())


# ------------------------------------------------------------------- what holds


def test_a_site_threshold_holds_on_other_people_of_the_site() -> None:
    everybody = site(1200, seed=4)
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(12):
        order = rng.permutation(1200)
        mine, others = everybody[order[:150]], everybody[order[150:]]
        made = build(mine, people=list(range(150)), contract="c", made="2026-11-22")
        assert made.raw.supports(1e-3)
        rates.append(impostor_rate(others, made.raw.threshold(1e-3)))
    assert np.mean(rates) < 1e-3
    assert sum(rate > 1e-3 for rate in rates) <= 2  # 95 % bound: 0.6 expected


def test_a_guessed_threshold_of_few_people_errs_on_the_safe_side() -> None:
    everybody = site(1200, seed=5)
    rng = np.random.default_rng(1)
    rates = []
    for _ in range(20):
        order = rng.permutation(1200)
        made = build(everybody[order[:20]], people=list(range(20)), contract="c", made="")
        assert not made.raw.supports(1e-3)
        rates.append(impostor_rate(everybody[order[20:]], made.raw.threshold(1e-3)))
    assert np.mean(rates) < 1e-3
    assert sum(rate > 1e-3 for rate in rates) <= 4


def test_another_camera_needs_another_raw_threshold_and_hardly_another_normalised_one() -> None:
    plain, tinted = calibrate(150, camera=0.0), calibrate(150, camera=2.0)
    assert plain.normalised is not None
    assert tinted.normalised is not None
    raw = tinted.raw.threshold(1e-2) - plain.raw.threshold(1e-2)
    normalised = tinted.normalised.threshold(1e-2) - plain.normalised.threshold(1e-2)
    assert raw > 0.2
    assert abs(normalised) < 0.05


def test_many_pictures_of_one_person_do_not_outvote_the_others() -> None:
    features = site(30, each=2, seed=2)
    names = [f"p{i}" for i in range(30) for _ in range(2)]
    once = build(features, people=names, contract="c", made="")
    crowd = np.vstack([features, np.repeat(features[:1], 40, axis=0)])
    many = build(crowd, people=[*names, *["p0"] * 40], contract="c", made="")
    assert many.people == once.people == 30
    assert many.templates == 100
    assert many.raw.threshold(0.05) == pytest.approx(once.raw.threshold(0.05), abs=0.06)
    assert many.raw.bound[-1] == once.raw.bound[-1]


# ------------------------------------------------------------------- the rule


def test_enough_people_speak_for_themselves() -> None:
    made = calibrate(150)
    rule = made.rule(1e-3, published=PUBLISHED)
    assert rule.supported
    assert rule.raw is None
    assert made.normalised is not None
    assert rule.normalised == made.normalised.threshold(1e-3)
    assert (rule.warning_en, rule.warning_zh, rule.people_needed) == ("", "", 0)


def test_too_few_people_get_both_thresholds_and_a_warning() -> None:
    made = calibrate(30)
    rule = made.rule(1e-3, published=PUBLISHED)
    assert not rule.supported
    assert rule.raw == PUBLISHED.threshold(1e-3)
    assert made.normalised is not None
    assert rule.normalised == made.normalised.threshold(1e-3)
    assert rule.people_needed == 48
    assert "Only 30 people" in rule.warning_en
    assert "at least 48 more" in rule.warning_en
    assert "30 人" in rule.warning_zh
    assert "48 人" in rule.warning_zh


def test_very_few_people_have_no_cohort_and_get_the_stricter_raw_threshold() -> None:
    made = calibrate(7, camera=3.0)
    assert made.normalised is None
    rule = made.rule(1e-3, published=PUBLISHED)
    assert rule.normalised is None
    assert rule.raw == max(PUBLISHED.threshold(1e-3), made.raw.threshold(1e-3))
    assert rule.raw > PUBLISHED.threshold(1e-3)


def test_every_threshold_must_be_reached() -> None:
    rule = calibrate(30).rule(1e-3, published=PUBLISHED)
    assert rule.raw is not None
    assert rule.normalised is not None
    assert rule.accepts(rule.raw, normalised=rule.normalised)
    assert not rule.accepts(rule.raw - 0.01, normalised=1.0)
    assert not rule.accepts(1.0, normalised=rule.normalised - 0.01)
    assert not rule.accepts(1.0, normalised=None)
    alone = calibrate(7).rule(1e-2, published=PUBLISHED)
    assert alone.accepts(1.0, normalised=None)


def test_a_site_cannot_claim_what_neither_it_nor_the_pack_shows() -> None:
    with pytest.raises(CalibrationError, match="impostor pairs"):
        calibrate(30).rule(1e-6, published=PUBLISHED)
    with pytest.raises(CalibrationError, match="between"):
        calibrate(30).rule(0.0, published=PUBLISHED)


@pytest.mark.parametrize(
    ("fmr", "people"), [(1e-2, 25), (1e-3, 78), (1e-4, 246), (1e-5, 775), (1e-6, 2449)]
)
def test_how_many_people_a_rate_takes(fmr: float, people: int) -> None:
    assert people_for(fmr) == people
    assert upper_bound(0, people * (people - 1) // 2) <= fmr
    assert upper_bound(0, (people - 1) * (people - 2) // 2) > fmr


def test_six_people_are_no_population() -> None:
    with pytest.raises(CalibrationError, match="at least 7 people, there are 6"):
        calibrate(6, each=4)


def test_every_template_needs_a_name() -> None:
    with pytest.raises(ValueError, match="each template"):
        build(site(10), people=["a"], contract="c", made="")


def test_a_large_site_is_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_calibration, "MOST_ROWS", 40)
    made = calibrate(30, each=3)
    assert (made.people, made.templates, made.raw.people) == (30, 90, 30)
    fewer = calibrate(80)
    assert (fewer.people, fewer.raw.people) == (80, 40)


def test_twins_and_copies_do_not_break_it() -> None:
    features = site(20)
    features[1] = features[0]
    made = build(features, people=list(range(20)), contract="c", made="")
    assert made.raw.threshold(1e-3) >= 1
    same = np.repeat(features[:1], 20, axis=0)
    flat = build(same, people=list(range(20)), contract="c", made="").raw
    assert flat.fmr(0.5) == 1
    assert math.isfinite(flat.threshold(1e-3))


def test_a_person_enrolled_twice_is_named() -> None:
    features = site(60, seed=11)
    again = features[3] + 0.02 * features[4]
    twice = np.vstack([features, again[None] / np.linalg.norm(again)])
    names = [f"p{i}" for i in range(61)]
    assert look_alikes(twice, people=names, most=5) == (("p3", "p60"),)
    assert look_alikes(features, people=names[:60], most=5) == ()
    assert look_alikes(features[:8], people=names[:8], most=5) == ()


# ------------------------------------------------------------------- the file


def test_it_survives_being_written_and_read() -> None:
    made = calibrate(40, each=2)
    text = made.to_json()
    assert SiteCalibration.from_json(text) == made
    assert made.rule(1e-3, published=PUBLISHED) == SiteCalibration.from_json(text).rule(
        1e-3, published=PUBLISHED
    )


def test_the_file_holds_counts_and_no_template() -> None:
    text = calibrate(40, each=2).to_json()
    read = json.loads(text)
    assert set(read) == {
        "contract", "made", "templates", "people", "raw", "normalised", "method", "mean"
    }  # fmt: skip
    assert (read["people"], read["templates"], read["made"]) == (40, 80, "2026-11-22")
    assert len(text) < 100_000
    assert "p0" not in text


@pytest.mark.parametrize(
    "change",
    [
        {"raw": None},
        {"people": "many"},
        {"method": "magic"},
        {"made": 3},
    ],
)
def test_a_wrong_file_is_refused(change: dict[str, object]) -> None:
    read = json.loads(calibrate(10).to_json()) | change
    with pytest.raises(CalibrationError):
        SiteCalibration.from_json(json.dumps(read))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("similarity", [0.2, 0.1]),
        ("bound", [0.1, 0.2]),
        ("estimate", [0.1]),
        ("own", [0.2, 0.1]),
        ("spread", 0.0),
        ("similarity", []),
    ],
)
def test_a_curve_that_contradicts_itself_is_refused(column: str, value: object) -> None:
    read = json.loads(calibrate(10).to_json())
    curve = {
        "people": 10,
        "similarity": [0.1, 0.2],
        "estimate": [0.2, 0.1],
        "bound": [0.3, 0.2],
        "own": [],
        "centre": 0.0,
        "spread": 0.1,
    }
    read["raw"] = curve
    assert SiteCalibration.from_json(json.dumps(read)).raw.people == 10
    read["raw"] = curve | {column: value}
    with pytest.raises(CalibrationError):
        SiteCalibration.from_json(json.dumps(read))


@given(st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    with pytest.raises(CalibrationError):
        SiteCalibration.from_json(text)


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(CalibrationError, match="longer"):
        SiteCalibration.from_json(" " * (site_calibration.LIMIT + 1))
