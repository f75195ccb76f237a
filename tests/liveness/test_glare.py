from __future__ import annotations

import numpy as np
import pytest
from tests.liveness.frames import blank, observed

from menshen.faces.records import Box, Pixels
from menshen.liveness import glare
from menshen.liveness.records import SignalResult


def lit(share: float) -> Pixels:
    """Return a frame in which glare covers this share of the face, from its left edge."""
    pixels = blank((150, 110, 90))
    pixels[:, 240 : 240 + round(160 * share)] = 252
    return pixels


def after(shares: list[float]) -> SignalResult:
    state: glare.State = ()
    for number, share in enumerate(shares):
        state = glare.step(state, observed(lit(share), at=number / 10, sequence=number))
    return glare.result(state)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6, 1.0])
def test_the_glossy_share_is_measured(share: float) -> None:
    (measured,) = glare.step((), observed(lit(share)))
    assert measured == pytest.approx(share, abs=0.02)


def test_glare_that_comes_and_goes_is_seen() -> None:
    result = after([0.0] * 18 + [0.5] * 4 + [0.0] * 8)
    assert result.code == "glare-comes-and-goes"
    assert result.score is not None
    assert result.score < 0.05
    assert result.evidence == {"rise_share": pytest.approx(0.5, abs=0.02), "frames": 30.0}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.6])
def test_what_shines_all_the_time_is_no_sign(share: float) -> None:
    assert after([share] * 30).code == "no-glare"


def test_small_highlights_that_wander_are_no_sign() -> None:
    assert after([0.03 * (i % 3) for i in range(30)]).code == "no-glare"


def test_a_few_frames_say_nothing() -> None:
    result = after([0.0, 0.9] * 5)
    assert (result.score, result.code) == (None, "too-few-frames")


def test_frames_without_a_face_leave_no_trace_and_memory_is_bounded() -> None:
    state = glare.step((0.1,), observed(blank(), box=None))
    assert state == (0.1,)
    assert glare.step(state, observed(blank(), box=Box(900, 900, 50, 50))) == (0.1,)
    for _ in range(200):
        state = glare.step(state, observed(lit(0)))
    assert len(state) == glare.KEPT


def test_colour_is_no_glare() -> None:
    for colour in ((255, 60, 60), (60, 120, 255), (255, 235, 120)):
        assert glare.glossy(np.full((90, 90, 3), colour, np.uint8)) == 0
    assert glare.glossy(np.full((1, 1, 3), 255, np.uint8)) == 1
