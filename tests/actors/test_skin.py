import dataclasses

import numpy as np
import pytest

from menshen.actors.head import TEXTURE_SIZE, texel_map, texture_coordinates
from menshen.actors.identity import Traits, draw_traits
from menshen.actors.skin import neckline, paint_skin

BARE = np.zeros(TEXTURE_SIZE[::-1], np.float32)


def traits(**changes: object) -> Traits:
    drawn = draw_traits(np.random.default_rng(5))
    plain = dataclasses.replace(
        drawn,
        skin=np.array([0.6, 0.42, 0.33], np.float32),
        hair=np.array([0.02, 0.015, 0.01], np.float32),
        cloth=np.array([0.05, 0.2, 0.1], np.float32),
        style="crop",
        age=0.1,
        male=0.1,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def albedo(texture: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    """Linear albedo round a point of the resting face."""
    column, row = np.rint(texture_coordinates(np.array([[x, y, z]], np.float32))[0]).astype(int)
    patch = texture[row - 2 : row + 3, column - 2 : column + 3].astype(float) / 255
    return np.asarray((patch**2).mean((0, 1)))


def test_painting_is_deterministic_and_differs_by_seed() -> None:
    first = paint_skin(traits(), scalp=BARE, rng=np.random.default_rng(1))
    again = paint_skin(traits(), scalp=BARE, rng=np.random.default_rng(1))
    other = paint_skin(traits(), scalp=BARE, rng=np.random.default_rng(2))
    assert first.shape == (*TEXTURE_SIZE[::-1], 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_skin_lips_brows_and_clothes_have_their_colours() -> None:
    texture = paint_skin(traits(), scalp=BARE, rng=np.random.default_rng(1))
    forehead = albedo(texture, 0.0, 7.65, 1.5)
    assert forehead == pytest.approx([0.6, 0.42, 0.33], abs=0.08)
    lips = albedo(texture, 0.0, 6.56, 1.58)
    assert lips[1] / lips[0] < forehead[1] / forehead[0] - 0.05
    at = texel_map()
    brows = (np.abs(np.abs(at.x) - 0.34) < 0.1) & (np.abs(at.y - 7.5) < 0.1) & (at.z > 1)
    assert (texture[brows].astype(float) / 255).min() ** 2 < 0.15
    cloth = albedo(texture, 0.0, 5.5, 1.0)
    assert cloth == pytest.approx([0.05, 0.2, 0.1], abs=0.05)


def test_hair_colours_the_scalp_where_it_grows() -> None:
    grown = (texel_map().y > 8.0).astype(np.float32)
    texture = paint_skin(traits(), scalp=grown, rng=np.random.default_rng(1))
    assert albedo(texture, 0.0, 8.2, 1.2).max() < 0.05
    assert albedo(texture, 0.0, 7.65, 1.5).min() > 0.2


def test_only_men_grow_beards() -> None:
    def chins(male: float) -> list[float]:
        painted = (
            paint_skin(traits(male=male), scalp=BARE, rng=np.random.default_rng(seed))
            for seed in range(8)
        )
        return [float(albedo(texture, 0.0, 6.3, 1.4).mean()) for texture in painted]

    women, men = chins(0.1), chins(0.9)
    assert min(women) > 0.3
    assert min(men) < 0.6 * max(men)


def test_a_headscarf_covers_the_neck() -> None:
    free = paint_skin(traits(), scalp=BARE, rng=np.random.default_rng(1))
    covered = paint_skin(traits(style="scarf"), scalp=BARE, rng=np.random.default_rng(1))
    assert albedo(free, 0.0, 6.06, 1.0)[0] > 0.2
    assert albedo(covered, 0.0, 6.06, 1.0)[0] < 0.12


def test_the_neckline_is_lower_in_front() -> None:
    assert neckline(np.array([0.0])) < neckline(np.array([np.pi]))
