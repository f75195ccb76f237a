import numpy as np
import pytest

from menshen.actors.hair import COLUMNS, ROWS, STYLES, TEXTURE_SIZE, grow, hairline, scalp
from menshen.actors.head import load_head
from menshen.actors.identity import Bust, Traits, draw_traits, shape_bust


def person(style: str) -> tuple[Traits, Bust]:
    """The first drawn person who wears this style."""
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        traits = draw_traits(rng)
        if traits.style == style:
            return traits, shape_bust(traits, rng=rng)
    raise AssertionError(style)


@pytest.mark.parametrize("style", [name for name, s in STYLES.items() if s.volume > 0])
def test_every_style_is_a_whole_shell_outside_the_skull(style: str) -> None:
    traits, bust = person(style)
    hair = grow(bust, traits, rng=np.random.default_rng(0))
    assert hair is not None
    assert hair.points.shape == ((COLUMNS + 1) * ROWS, 3)
    assert np.isfinite(hair.points).all()
    assert np.array_equal(hair.points[:ROWS], hair.points[-ROWS:])
    assert 0 <= hair.faces.min() <= hair.faces.max() < len(hair.points)
    assert hair.texture.shape == (*TEXTURE_SIZE[::-1], 4)
    head = load_head()
    top = bust.points[head.points[:, 1] > 8.3, 1].max()
    assert top - 0.02 < hair.points[:, 1].max() < top + 0.8


def test_baldness_has_no_shell() -> None:
    traits, bust = person("bald")
    assert grow(bust, traits, rng=np.random.default_rng(0)) is None


def test_long_hair_hangs_lower_than_a_bob_and_a_bob_lower_than_a_crop() -> None:
    lowest = []
    for style in ("crop", "bob", "long"):
        traits, bust = person(style)
        hair = grow(bust, traits, rng=np.random.default_rng(0))
        assert hair is not None
        lowest.append(hair.points[:, 1].min())
    assert lowest[0] > lowest[1] > lowest[2]


def test_hair_frays_at_its_tips_and_a_headscarf_does_not() -> None:
    opacity = {}
    for style in ("crop", "scarf"):
        traits, bust = person(style)
        hair = grow(bust, traits, rng=np.random.default_rng(0))
        assert hair is not None
        opacity[style] = hair.texture[..., 3]
    assert opacity["scarf"].min() == 255
    assert opacity["crop"][: TEXTURE_SIZE[1] // 2].min() == 255
    assert opacity["crop"][-1].mean() < 64


def test_the_face_and_the_ears_stay_free() -> None:
    front, ear, nape = hairline(np.array([0.0, 1.5, np.pi]))
    assert front > 7.8
    assert 7.3 < ear < 7.6
    assert nape < 6.8
    assert hairline(np.array([0.5]), receding=1.0) > hairline(np.array([0.5]))


def test_tangents_run_along_the_strands() -> None:
    traits, bust = person("long")
    hair = grow(bust, traits, rng=np.random.default_rng(0))
    assert hair is not None
    along = hair.tangents(hair.points).reshape(COLUMNS + 1, ROWS, 3)
    assert np.allclose(np.linalg.norm(along, axis=2), 1, atol=1e-4)
    assert along[0, -3, 1] < -0.9  # at the back it hangs down


def test_the_scalp_is_painted_under_the_hair_only() -> None:
    traits, _ = person("crop")
    azimuth, height = np.zeros(2), np.array([8.4, 7.3])
    assert scalp(azimuth, height, traits=traits).tolist() == [pytest.approx(0.9), 0.0]
