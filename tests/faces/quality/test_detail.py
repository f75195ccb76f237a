"""Sharpness and compression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from menshen.faces.quality.crop import cut
from menshen.faces.quality.detail import rate_compression, rate_sharpness

Draw = Callable[..., Any]


def blurred(one: Any, sigma: float) -> Any:
    return one.with_pixels(lambda p: cv2.GaussianBlur(p, (0, 0), sigma))


def sharpness(one: Any) -> Any:
    return rate_sharpness(cut(one.picture, one.face))


def compression(one: Any) -> Any:
    return rate_compression(one.picture, one.face)


def as_jpeg(one: Any, quality: int) -> Any:
    def recode(pixels: Any) -> Any:
        data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None
        return decoded[..., ::-1]

    return one.with_pixels(recode)


@pytest.mark.parametrize("scale", [7, 12, 30])
def test_blurring_more_never_raises_sharpness(drawn: Draw, scale: float) -> None:
    side = round(scale * 30)
    one = drawn(scale=scale, centre=(side / 2, side / 2), size=(side, side))
    eyes = scale * 6.3
    steps = [one, *(blurred(one, share * eyes) for share in (0.01, 0.02, 0.04, 0.06, 0.1))]
    measures = [sharpness(step).measure for step in steps]
    assert measures == sorted(measures, reverse=True)
    assert sharpness(steps[0]).value > 70
    assert sharpness(steps[-1]).value < 30


def test_sharpness_does_not_depend_on_light(drawn: Draw) -> None:
    one = drawn()
    dim = one.with_pixels(lambda p: p * 0.5)
    assert sharpness(dim).measure == pytest.approx(sharpness(one).measure, rel=0.1)


@pytest.mark.parametrize("deviation", [2, 4, 6])
def test_noise_is_not_taken_for_detail(drawn: Draw, deviation: float) -> None:
    rng = np.random.default_rng(3)
    soft = blurred(drawn(), 5)
    noisy = soft.with_pixels(lambda p: np.clip(p + rng.normal(0, deviation, p.shape), 0, 255))
    assert sharpness(soft).value < 30
    assert sharpness(noisy).value < 50


def test_a_flat_face_is_not_sharp(drawn: Draw) -> None:
    assert sharpness(drawn().with_pixels(lambda p: np.full_like(p, 90))).value < 30


def test_stronger_compression_never_scores_better(drawn: Draw) -> None:
    measures = [compression(as_jpeg(drawn(), q)).measure for q in (95, 75, 50, 25, 10, 4)]
    assert measures == sorted(measures)


def test_light_compression_is_good_and_strong_is_bad(drawn: Draw) -> None:
    soft = blurred(drawn(), 1.5)
    assert compression(soft).value > 90
    assert compression(as_jpeg(soft, 95)).value > 70
    assert compression(as_jpeg(soft, 10)).value < 30
    assert "original" in compression(as_jpeg(soft, 10)).tip_en


def test_blocks_are_found_wherever_the_grid_starts(drawn: Draw) -> None:
    coded = as_jpeg(blurred(drawn(), 1.5), 10)
    for shift in (1, 3, 5):
        moved = coded.with_pixels(lambda p, s=shift: np.roll(p, (s, s), axis=(0, 1)))
        assert compression(moved).value < 30


def test_stripes_are_not_blocks_when_their_period_differs(drawn: Draw) -> None:
    def striped(pixels: Any) -> Any:
        out = pixels.copy()
        out[:, ::11] = 40
        return out

    assert compression(drawn().with_pixels(striped)).measure < 1.6


@pytest.mark.parametrize("centre", [(-500, -500), (250, 2000), (0, 0)])
def test_faces_outside_do_not_break_the_measures(drawn: Draw, centre: tuple[float, float]) -> None:
    one = drawn(centre=centre)
    assert 0 <= compression(one).value <= 100
    assert 0 <= sharpness(one).value <= 100


def test_a_picture_smaller_than_two_blocks(drawn: Draw) -> None:
    one = drawn(scale=0.5, centre=(6, 6), size=(12, 12))
    assert 0 <= compression(one).value <= 100
