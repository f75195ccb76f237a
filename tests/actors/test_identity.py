import numpy as np
import pytest

from menshen.actors.hair import STYLES
from menshen.actors.head import LEFT_EYE, load_head
from menshen.actors.identity import draw_traits, shape_bust

SEEDS = range(40)


def test_traits_stay_in_their_ranges() -> None:
    for seed in SEEDS:
        traits = draw_traits(np.random.default_rng(seed))
        assert sum(traits.mix) == pytest.approx(1)
        assert 0 <= traits.male <= 1
        assert 0 <= traits.age <= 1
        assert 0 < traits.melanin < 1
        assert traits.style in STYLES
        for colour in (traits.skin, traits.hair, traits.iris, traits.cloth):
            assert colour.shape == (3,)
            assert colour.min() >= 0
            assert colour.max() <= 1


def test_the_draws_are_varied() -> None:
    drawn = [draw_traits(np.random.default_rng(seed)) for seed in range(200)]
    assert {t.style for t in drawn} == set(STYLES)
    assert 0.35 < np.mean([t.male > 0.5 for t in drawn]) < 0.65
    assert np.percentile([t.melanin for t in drawn], 90) > 0.7
    assert np.percentile([t.melanin for t in drawn], 10) < 0.2
    assert np.percentile([t.age for t in drawn], 90) > 0.6


def test_women_have_no_male_styles() -> None:
    men = {"crop", "side", "swept", "buzz", "bald"}
    drawn = [draw_traits(np.random.default_rng(seed)) for seed in range(200)]
    assert not any(t.style in men for t in drawn if t.male < 0.5)


def test_the_same_seed_gives_the_same_bust_and_another_another() -> None:
    def bust(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return shape_bust(draw_traits(rng), rng=rng).points

    assert np.array_equal(bust(1), bust(1))
    assert np.abs(bust(1) - bust(2)).max() > 0.05


def test_eyes_stay_where_the_camera_expects_them() -> None:
    head = load_head()
    resting = head.points[head.part == LEFT_EYE].mean(0)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        bust = shape_bust(draw_traits(rng), rng=rng)
        left, right = bust.eyes
        assert left.centre[0] > 0 > right.centre[0]
        assert np.abs(left.centre - resting).max() < 0.25
        assert (left.centre[1] + right.centre[1]) / 2 == pytest.approx(resting[1], abs=0.02)
        assert 0.1 < left.radius < 0.18
        assert left.lid_travel > 0
