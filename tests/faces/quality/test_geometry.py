"""Pose, size, margins, company."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from menshen.faces.quality.geometry import rate_geometry
from menshen.faces.quality.records import Component
from menshen.faces.records import HeadPose

Draw = Callable[..., Any]


def rated(one: Any, *, faces: int = 1) -> dict[str, Component]:
    return {c.name: c for c in rate_geometry(one.picture, one.face, faces=faces)}


def test_a_frontal_face_in_the_middle_is_perfect(drawn: Draw) -> None:
    assert min(c.value for c in rated(drawn()).values()) > 90


@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_turning_further_never_scores_better(drawn: Draw, axis: str, sign: int) -> None:
    frontal = HeadPose(0, 0, 0)
    values, measures = [], []
    for angle in (0, 10, 20, 35, 50, 70):
        pose = dataclasses.replace(frontal, **{axis: sign * angle})
        component = rated(drawn(pose=pose))[f"head-pose-{axis}"]
        values.append(component.value)
        measures.append(component.measure)
    assert values == sorted(values, reverse=True)
    assert values[1] > 90
    assert values[-1] < 30
    assert measures[2] == pytest.approx(sign * 20, abs=0.5)


def test_a_picture_on_its_side_scores_nothing(drawn: Draw) -> None:
    assert rated(drawn(pose=HeadPose(0, 0, 89)))["head-pose-roll"].value == 0
    assert rated(drawn(pose=HeadPose(0, 0, 180)))["head-pose-roll"].value == 0


def test_tips_say_which_way_to_nod(drawn: Draw) -> None:
    assert "Raise" in rated(drawn(pose=HeadPose(0, 30, 0)))["head-pose-pitch"].tip_en
    assert "Lower" in rated(drawn(pose=HeadPose(0, -30, 0)))["head-pose-pitch"].tip_en


def test_farther_never_scores_better(drawn: Draw) -> None:
    steps = [rated(drawn(scale=scale)) for scale in (12, 8, 6, 4, 2)]
    for name in ("inter-eye-distance", "head-size"):
        values = [step[name].value for step in steps]
        assert values == sorted(values, reverse=True)
        assert values[0] > 90
        assert values[-1] < 30
        assert "closer" in steps[-1][name].tip_en


def test_too_near_is_no_good_either(drawn: Draw) -> None:
    near = rated(drawn(scale=40))["head-size"]
    assert near.value < 30
    assert "back" in near.tip_en


def test_eye_distance_counts_the_pixels_of_the_file_not_of_the_decoded_picture(drawn: Draw) -> None:
    one = drawn(scale=4)
    photo = dataclasses.replace(one.picture, reduction=4.0, full_size=(2000, 1840))
    small, large = rated(one), {c.name: c for c in rate_geometry(photo, one.face, faces=1)}
    distance = small["inter-eye-distance"].measure
    assert large["inter-eye-distance"].measure == pytest.approx(4 * distance)
    assert large["inter-eye-distance"].value > 90


@pytest.mark.parametrize(
    ("side", "centre"),
    [
        ("leftward", (40, 230)),
        ("rightward", (460, 230)),
        ("upward", (250, 40)),
        ("downward", (250, 420)),
    ],
)
def test_a_cut_face_scores_low_on_that_side_only(
    drawn: Draw, side: str, centre: tuple[float, float]
) -> None:
    margins = {n: c for n, c in rated(drawn(centre=centre)).items() if n.endswith("face-image")}
    poor = {n: c for n, c in margins.items() if c.value < 50}
    assert list(poor) == [f"{side}-crop-of-the-face-image"]
    component = poor[f"{side}-crop-of-the-face-image"]
    assert component.measure < 0
    assert "whole face" in component.tip_en


def test_company_is_refused(drawn: Draw) -> None:
    alone, crowded = rated(drawn(), faces=1), rated(drawn(), faces=3)
    assert alone["single-face-present"].value == 100
    assert crowded["single-face-present"].value == 0
    assert crowded["single-face-present"].measure == 3
