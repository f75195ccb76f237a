from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.liveness.actions.dot import SMALLEST_SWING, Dot, Look, following, follows

TIMES = np.arange(0, 2.5, 1 / 15)
NOISE = 0.005


def path(seed: int) -> tuple[Dot, ...]:
    """A dot that goes to five places at random, at a walking pace."""
    rng = np.random.default_rng(seed)
    stops = rng.permutation(np.linspace(-1, 1, 5))
    when = np.linspace(0, 2, 5)
    return tuple(Dot(float(t), float(np.interp(t, when, stops))) for t in np.arange(0, 2.01, 0.1))


def gazes(
    dots: tuple[Dot, ...], *, reach: float = 0.1, delay: float = 0.25, seed: int = 0
) -> list[Look]:
    times, places = [d.time for d in dots], [d.x for d in dots]
    rng = np.random.default_rng(seed)
    at = reach * np.interp(TIMES - delay, times, places) + rng.normal(0, NOISE, len(TIMES))
    return [Look(float(t), float(g)) for t, g in zip(TIMES, at, strict=True)]


@given(seed=st.integers(0, 500), delay=st.floats(0, 0.5), reach=st.floats(0.06, 0.3))
def test_eyes_that_follow_are_seen(seed: int, delay: float, reach: float) -> None:
    dots = path(seed)
    assert follows(gazes(dots, reach=reach, delay=delay, seed=seed), dots, noise=NOISE)


@given(seed=st.integers(0, 500))
def test_eyes_at_rest_do_not_follow(seed: int) -> None:
    dots = path(seed)
    assert not follows(gazes(dots, reach=0.0, seed=seed), dots, noise=NOISE)


@given(seed=st.integers(0, 500))
def test_eyes_that_go_the_other_way_do_not_follow(seed: int) -> None:
    dots = path(seed)
    assert not follows(gazes(dots, reach=-0.1, seed=seed), dots, noise=NOISE)


def test_the_eyes_of_another_session_seldom_follow_this_dot() -> None:
    passed = sum(
        follows(gazes(path(i), seed=i), path(i + 1), noise=NOISE) for i in range(0, 400, 2)
    )
    assert passed <= 30  # one random path in eight is much like another


def test_one_blink_does_not_matter() -> None:
    dots = path(3)
    looks = gazes(dots)
    looks[15] = Look(looks[15].time, -0.4)
    assert follows(looks, dots, noise=NOISE)


def test_the_dot_must_have_gone_all_its_way() -> None:
    dots = path(3)
    looks = gazes(dots)
    assert not follows([look for look in looks if look.time < 1.5], dots, noise=NOISE)
    assert not follows(looks[:5], dots, noise=NOISE)
    assert not follows(looks, (), noise=NOISE)


def test_what_drowns_in_noise_proves_nothing() -> None:
    dots = path(3)
    assert not follows(gazes(dots, reach=0.06), dots, noise=0.04)


def test_a_swing_is_measured_in_eye_widths_from_end_to_end() -> None:
    closeness, swing = following(gazes(path(3), reach=0.1), path(3))
    assert closeness > 0.95
    assert swing == pytest.approx(0.2, abs=0.03)
    assert swing > SMALLEST_SWING


def test_a_dot_that_stands_still_is_followed_by_nobody() -> None:
    still = tuple(Dot(t / 10, 0.0) for t in range(21))
    assert not follows(gazes(path(3)), still, noise=NOISE)
