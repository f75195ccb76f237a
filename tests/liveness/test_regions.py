from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.frames import blank

from menshen.faces.records import Box
from menshen.liveness.regions import graded, grown, luminance, part


def test_a_box_grows_about_its_centre_up_to_a_limit() -> None:
    assert grown(Box(10, 20, 40, 60), 2) == Box(-10, -10, 80, 120)
    assert grown(Box(10, 20, 40, 60), 2, most=100) == Box(-10, 0, 80, 100)


def test_a_part_ends_where_the_frame_does() -> None:
    pixels = blank()
    assert part(pixels, Box(-50, -50, 100, 80)).shape == (30, 50, 3)
    assert part(pixels, Box(600, 470, 100, 80)).shape == (10, 40, 3)
    assert part(pixels, Box(700, 500, 100, 80)).size == 0


def test_luminance_weighs_green_most() -> None:
    pure = np.diag([255, 255, 255]).astype(np.uint8)[None]
    red, green, blue = luminance(pure)[0]
    assert green > red > blue
    assert luminance(np.zeros((0, 4, 3), np.uint8)).shape == (0, 4)


def test_a_grade_is_half_at_the_limit_and_falls_with_the_measure() -> None:
    assert graded(3.0, limit=3.0, width=0.5) == 0.5
    assert graded(9.0, limit=3.0, width=0.5) < 0.01
    assert graded(-2.0, limit=-1.0, width=-0.1) < 0.01  # here small values are bad
    assert graded(3.5, limit=3.0, width=0.5) == pytest.approx(1 / (1 + np.e))


@given(st.floats(allow_nan=False), st.floats(0.01, 10))
def test_a_grade_stays_between_0_and_1_whatever_the_measure(value: float, width: float) -> None:
    assert 0 <= graded(value, limit=1.0, width=width) <= 1
