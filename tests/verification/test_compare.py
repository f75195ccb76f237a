from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from menshen.actors import Pose, Scene, cast, render
from menshen.errors import (
    CalibrationError,
    ContractMismatchError,
    NoFaceError,
    PictureTruncatedError,
)
from menshen.faces.models.pack import Pack
from menshen.faces.records import Floats
from menshen.faces.scores import flatten_all, part_weights
from menshen.faces.site_calibration import build
from menshen.verification.compare import Verifier, _outcome
from menshen.verification.opening import default_policy
from menshen.verification.records import Numbers, Outcome, Policy, Reason

pytestmark = pytest.mark.models


def jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def verifier(standard_pack: Pack) -> Verifier:
    return Verifier.of(standard_pack, threads=2)


def numbers(similarity: float, quality_a: int = 90, quality_b: int = 90) -> Numbers:
    return Numbers(
        similarity, 0.3, 10 ** -max(0.0, similarity * 10), 1e-3, 0.03, quality_a, quality_b
    )


def judged(similarity: float, *qualities: int) -> tuple[Outcome, tuple[Reason, ...]]:
    """Judge by two thresholds: 0.3 accepts, 0.2 is near."""
    near, matched = similarity >= 0.2, similarity >= 0.3
    return _outcome(numbers(similarity, *qualities), POLICY, matched=matched, near=near)


POLICY = Policy(fmr=1e-3, review_fmr=1e-2, least_quality=20)


@pytest.mark.parametrize(
    ("similarity", "qualities", "outcome", "codes"),
    [
        (0.35, (90, 90), Outcome.ACCEPT, ["match"]),
        (0.30, (20, 20), Outcome.ACCEPT, ["match"]),
        (0.35, (90, 19), Outcome.REVIEW, ["match", "quality-low-b"]),
        (0.35, (5, 19), Outcome.REVIEW, ["match", "quality-low-a", "quality-low-b"]),
        (0.29, (90, 90), Outcome.REVIEW, ["near-threshold"]),
        (0.20, (90, 90), Outcome.REVIEW, ["near-threshold"]),
        (0.19, (90, 90), Outcome.REJECT, ["no-match"]),
        (-1.0, (1, 1), Outcome.REJECT, ["no-match"]),
    ],
)
def test_outcomes(
    similarity: float, qualities: tuple[int, int], outcome: Outcome, codes: list[str]
) -> None:
    decided, reasons = judged(similarity, *qualities)
    assert decided is outcome
    assert [reason.code for reason in reasons] == codes


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 100))
def test_more_alike_is_never_judged_worse(one: float, other: float, quality: int) -> None:
    order = [Outcome.REJECT, Outcome.REVIEW, Outcome.ACCEPT]
    low, high = sorted((one, other))
    worse, _ = judged(low, quality)
    better, _ = judged(high, quality)
    assert order.index(worse) <= order.index(better)


@pytest.mark.parametrize(
    "fields", [{"fmr": 0}, {"fmr": 0.1}, {"review_fmr": 1}, {"least_quality": 101}]
)
def test_a_policy_that_makes_no_sense_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(CalibrationError):
        Policy(**fields)  # type: ignore[arg-type]


def test_one_actor_is_accepted_and_two_are_not(verifier: Verifier) -> None:
    first, second = cast()[:2]
    front = jpeg(render(first))
    lit = jpeg(render(first, pose=Pose(yaw=8, smile=0.3), scene=Scene(exposure=0.85, noise_seed=3)))
    same = verifier.compare(front, lit, policy=POLICY).decision
    assert same.outcome is Outcome.ACCEPT
    assert same.numbers.fmr_bound <= 1e-3
    other = verifier.compare(front, jpeg(render(second)), policy=POLICY).decision
    assert other.outcome is Outcome.REJECT
    assert other.numbers.similarity < (other.numbers.threshold or 0)


def test_the_astronaut_is_herself_and_nobody_else(verifier: Verifier) -> None:
    pixels = skimage.data.astronaut()
    smaller = np.asarray(Image.fromarray(pixels).resize((400, 400)))
    assert verifier.compare(jpeg(pixels), jpeg(smaller), policy=POLICY).decision.outcome == "accept"
    for actor in cast()[:6]:
        decision = verifier.compare(jpeg(pixels), jpeg(render(actor)), policy=POLICY).decision
        assert decision.outcome == "reject"


def test_a_decision_says_what_it_rests_on(verifier: Verifier) -> None:
    front = jpeg(render(cast()[0]))
    decision = verifier.compare(front, front, policy=POLICY).decision
    assert decision.pack == "standard"
    assert decision.contract == verifier.engine.contract
    assert decision.policy_version == POLICY.version
    assert "Labeled Faces in the Wild" in decision.calibration
    assert [r.code for r in decision.reasons] == ["match", "site-not-calibrated"]
    assert decision.numbers.normalised is None


@pytest.fixture(scope="module")
def enrolled(verifier: Verifier) -> tuple[Floats, list[str]]:
    """Templates of the whole cast, two pictures each."""
    weights = part_weights(verifier.engine.manifest)
    poses = (Pose(), Pose(yaw=6, smile=0.3))
    pictures = [(actor.name, jpeg(render(actor, pose=pose))) for actor in cast() for pose in poses]
    templates = [verifier.engine.sample(data).template for _, data in pictures]
    return flatten_all(templates, weights=weights), [name for name, _ in pictures]


def at_site(verifier: Verifier, enrolled: tuple[Floats, list[str]], people: int) -> Verifier:
    features, names = enrolled[0][: 2 * people], enrolled[1][: 2 * people]
    contract = verifier.engine.contract
    site = build(features, people=names, contract=contract, made="2026-11-22")
    return dataclasses.replace(verifier, site=site)


def test_a_site_with_few_people_asks_for_both_thresholds(
    verifier: Verifier, enrolled: tuple[Floats, list[str]]
) -> None:
    small = at_site(verifier, enrolled, 12)
    front, turned = (jpeg(render(cast()[0], pose=pose)) for pose in (Pose(), Pose(yaw=6)))
    decision = small.compare(front, turned, policy=POLICY).decision
    figures = decision.numbers
    assert figures.threshold == verifier.rule(1e-3).raw
    assert figures.normalised is not None
    assert figures.threshold_normalised is not None
    assert "site-too-few-people" in [r.code for r in decision.reasons]
    assert "Labeled Faces" in decision.calibration
    both = figures.similarity >= (figures.threshold or 2)
    both = both and figures.normalised >= figures.threshold_normalised
    assert (decision.outcome == "accept") == both


def test_a_site_that_shows_the_rate_stands_on_its_own_people(
    verifier: Verifier, enrolled: tuple[Floats, list[str]]
) -> None:
    site = at_site(verifier, enrolled, 24)
    policy = Policy(fmr=0.03, review_fmr=0.05)
    front, turned, other = (
        jpeg(render(cast()[i], pose=pose))
        for i, pose in ((0, Pose()), (0, Pose(yaw=6)), (1, Pose()))
    )
    same = site.compare(front, turned, policy=policy).decision
    assert same.outcome is Outcome.ACCEPT
    assert same.numbers.threshold is None
    assert same.numbers.fmr_bound <= 0.03
    assert "24 people enrolled at this site, 2026-11-22" in same.calibration
    assert [r.code for r in same.reasons] == ["match"]
    assert site.compare(front, other, policy=policy).decision.outcome is not Outcome.ACCEPT


def test_another_packs_site_calibration_is_refused(
    basic_pack: Pack, verifier: Verifier, enrolled: tuple[Floats, list[str]]
) -> None:
    with pytest.raises(ContractMismatchError):
        Verifier.of(basic_pack, site=at_site(verifier, enrolled, 12).site)


def test_a_refusal_says_what_would_change_it(verifier: Verifier) -> None:
    front = jpeg(render(cast()[0]))
    dark = jpeg((render(cast()[1]) * 0.2).astype(np.uint8))
    decision = verifier.compare(front, dark, policy=POLICY).decision
    assert decision.outcome is not Outcome.ACCEPT
    assert "better-picture-b" in [r.code for r in decision.would_change]
    for reason in (*decision.reasons, *decision.would_change):
        assert reason.text_en
        assert any("一" <= letter <= "鿿" for letter in reason.text_zh)


def test_a_pack_is_not_used_above_its_level(verifier: Verifier, basic_pack: Pack) -> None:
    front = jpeg(render(cast()[0]))
    with pytest.raises(CalibrationError, match="remote"):
        verifier.compare(front, front, policy=Policy(fmr=1e-4))
    with pytest.raises(CalibrationError, match="basic"):
        Verifier.of(basic_pack).permit(Policy(fmr=1e-3))
    assert default_policy(Verifier.of(basic_pack)).fmr == 1e-2
    assert default_policy(verifier).fmr == 1e-3
    assert default_policy(verifier, fmr=2e-2).review_fmr == 2e-2


def test_an_error_says_which_picture(verifier: Verifier) -> None:
    front = jpeg(render(cast()[0]))
    with pytest.raises(PictureTruncatedError) as truncated:
        verifier.compare(front[:3000], front, policy=POLICY)
    assert truncated.value.index == 0
    with pytest.raises(NoFaceError) as nobody:
        verifier.compare(front, jpeg(skimage.data.chelsea()), policy=POLICY)
    assert nobody.value.index == 1


@pytest.mark.shared
@pytest.mark.parametrize("name", ["standard", "openmodelzoo"])
def test_real_portraits_are_all_told_right(
    name: str, shared_material: Path, installed_pack: Callable[[str], Pack]
) -> None:
    """Two people in public-domain photographs, every pair, at FMR 1e-3."""
    verifier = Verifier.of(installed_pack(name), threads=2)
    paths = sorted((shared_material / "faces").glob("person-[ab]-[ps]*.jpg"))
    samples = {path.name: verifier.engine.sample(path.read_bytes()) for path in paths}
    names = sorted(samples)
    assert len(names) == 5
    for i, one in enumerate(names):
        for other in names[:i]:
            decision = verifier.decide(samples[one], samples[other], policy=POLICY)
            assert (decision.outcome == "accept") == (one[:8] == other[:8]), (one, other)
