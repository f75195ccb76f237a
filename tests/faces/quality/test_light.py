"""Light: what gets darker, brighter, one-sided or coloured scores accordingly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from menshen.faces.quality.crop import cut
from menshen.faces.quality.light import rate_light
from menshen.faces.quality.records import Component

Draw = Callable[..., Any]


def rated(one: Any) -> dict[str, Component]:
    return {c.name: c for c in rate_light(cut(one.picture, one.face))}


def lit(one: Any, factor: Any) -> dict[str, Component]:
    return rated(one.with_pixels(lambda p: np.clip(p * factor, 0, 255)))


def across(one: Any, *, from_: float, to: float) -> Any:
    """Light that changes from the left edge of the face to its right edge."""
    x = np.arange(one.picture.pixels.shape[1])
    low, high = one.face.mesh.points[[234, 454], 0]
    return np.interp(x, [low, high], [from_, to])[None, :, None]


def test_good_light_scores_well(drawn: Draw) -> None:
    assert min(c.value for c in rated(drawn()).values()) > 70


def test_names_units_and_places(drawn: Draw) -> None:
    assert list(rated(drawn())) == [
        "luminance-mean",
        "luminance-variance",
        "under-exposure-prevention",
        "over-exposure-prevention",
        "illumination-uniformity",
        "natural-colour",
    ]


def test_darker_never_scores_better(drawn: Draw) -> None:
    steps = [lit(drawn(), k) for k in (0.6, 0.4, 0.25, 0.15, 0.05)]
    for name in ("luminance-mean", "under-exposure-prevention"):
        values = [s[name].value for s in steps]
        assert values == sorted(values, reverse=True)
        assert values[0] > 70
        assert values[-1] < 30
    assert "More light" in steps[-1]["luminance-mean"].tip_en
    assert "更亮" in steps[-1]["luminance-mean"].tip_zh


def test_brighter_never_scores_better(drawn: Draw) -> None:
    steps = [lit(drawn(), k) for k in (1, 1.3, 1.5, 1.8, 2.5)]
    for name in ("luminance-mean", "over-exposure-prevention"):
        values = [s[name].value for s in steps]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 30
    assert "Less light" in steps[-1]["over-exposure-prevention"].tip_en


def test_exposure_measures_are_shares_of_the_face(drawn: Draw) -> None:
    white = rated(drawn().with_pixels(lambda p: np.full_like(p, 255)))
    assert white["over-exposure-prevention"].measure == pytest.approx(1)
    assert white["under-exposure-prevention"].measure == 0
    assert white["luminance-mean"].measure == pytest.approx(1)
    assert white["luminance-variance"].measure == pytest.approx(0, abs=1e-9)
    black = rated(drawn().with_pixels(np.zeros_like))
    assert black["under-exposure-prevention"].measure == pytest.approx(1)
    assert black["luminance-mean"].value < 5


def test_one_sided_light_scores_worse_the_more_so(drawn: Draw) -> None:
    one = drawn()
    values = [
        lit(one, across(one, from_=1, to=to))["illumination-uniformity"].value
        for to in (1.0, 0.7, 0.4, 0.1, 0.0)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 90
    assert values[-1] < 10


def test_tip_says_which_side_of_the_picture_is_dark(drawn: Draw) -> None:
    one = drawn()
    right_dark = lit(one, across(one, from_=1, to=0.1))["illumination-uniformity"]
    left_dark = lit(one, across(one, from_=0.1, to=1))["illumination-uniformity"]
    assert "right side" in right_dark.tip_en
    assert "右侧" in right_dark.tip_zh
    assert "left side" in left_dark.tip_en
    assert "左侧" in left_dark.tip_zh


def test_even_light_does_not_depend_on_how_much(drawn: Draw) -> None:
    full, half = rated(drawn()), lit(drawn(), 0.5)
    assert half["illumination-uniformity"].measure == pytest.approx(
        full["illumination-uniformity"].measure, abs=0.02
    )


@pytest.mark.parametrize(
    "skin", [(235, 200, 175), (225, 172, 140), (196, 150, 128), (141, 92, 66), (92, 58, 42)]
)
def test_all_skins_are_natural(drawn: Draw, skin: tuple[int, int, int]) -> None:
    one = drawn().with_pixels(lambda p: np.clip(p / np.array([196, 150, 128]) * skin, 0, 255))
    light = rated(one)
    assert light["natural-colour"].value > 70
    assert light["luminance-mean"].value > 70
    assert light["under-exposure-prevention"].value > 70


@pytest.mark.parametrize("tint", [(0.6, 0.8, 1.5), (1.4, 0.5, 0.5), (0.5, 1.3, 0.5)])
def test_tinted_light_is_not_natural(drawn: Draw, tint: tuple[float, float, float]) -> None:
    assert lit(drawn(), np.array(tint))["natural-colour"].value < 30


def test_grey_is_not_natural(drawn: Draw) -> None:
    grey = drawn().with_pixels(lambda p: np.repeat(p.mean(axis=2, keepdims=True), 3, axis=2))
    assert rated(grey)["natural-colour"].value < 30


def test_flat_light_has_no_contrast(drawn: Draw) -> None:
    flat = drawn().with_pixels(lambda p: np.full_like(p, 128))
    assert rated(flat)["luminance-variance"].value == 0
