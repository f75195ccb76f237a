from __future__ import annotations

import numpy as np
import pytest

from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Pixels


def checkers(size: int) -> Pixels:
    """Single-pixel chequers: what aliases worst."""
    y, x = np.indices((size, size))
    return np.repeat((((x + y) % 2) * 255).astype(np.uint8)[..., None], 3, 2)


def scaling(scale: float, x: float = 0, y: float = 0) -> np.ndarray:
    return np.array([[scale, 0, x], [0, scale, y]], np.float32)


def test_levels_are_box_averages_and_made_once() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (64, 48, 3), np.uint8)
    pyramid = Pyramid(pixels)
    half = pyramid.level(1)
    expected = pixels.reshape(32, 2, 24, 2, 3).mean((1, 3))
    assert np.abs(half - expected).max() <= 1
    assert pyramid.level(1) is half
    assert pyramid.level(2).shape == (16, 12, 3)


def test_odd_sizes_lose_their_last_row_only() -> None:
    assert Pyramid(checkers(65)).level(1).shape == (32, 32, 3)


def test_identity_cut_is_exact() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (50, 60, 3), np.uint8)
    assert np.array_equal(Pyramid(pixels).cut(scaling(1), size=40), pixels[:40, :40])


@pytest.mark.parametrize("scale", [0.5, 0.3, 0.2, 0.05])
def test_shrinking_does_not_alias(scale: float) -> None:
    cut = Pyramid(checkers(800)).cut(scaling(scale), size=int(800 * scale) - 2)
    assert np.abs(cut[1:-1, 1:-1].astype(int) - 127).max() <= 4


@pytest.mark.parametrize("scale", [0.9, 0.5, 0.25, 0.125])
def test_pixel_centres_stay_in_place_at_every_level(scale: float) -> None:
    """A linear ramp has one right value everywhere; a half-pixel slip would show."""
    x = np.arange(800)
    ramp = np.repeat(np.repeat((x / 4).astype(np.float32)[None, :, None], 800, 0), 3, 2)
    pixels = ramp.astype(np.uint8)
    shift = 0.5 * scale - 0.5  # centre of the cut's pixel u lies at (u + 0.5) / scale - 0.5
    cut = Pyramid(pixels).cut(scaling(scale, shift, shift), size=90)
    u = np.arange(90)
    expected = ((u + 0.5) / scale - 0.5) / 4
    inside = expected < 195
    assert np.abs(cut[45, inside, 0] - expected[inside]).max() <= 1.5


def test_beyond_the_picture_is_the_border_colour() -> None:
    cut = Pyramid(np.full((40, 40, 3), 200, np.uint8)).cut(scaling(1, 20, 20), size=60, border=7)
    assert (cut[:18, :18] == 7).all()
    assert (cut[25:55, 25:55] == 200).all()


def test_a_tiny_picture_can_be_shrunk_to_nothing_much() -> None:
    assert Pyramid(checkers(3)).cut(scaling(0.01), size=4).shape == (4, 4, 3)
