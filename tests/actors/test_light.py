import dataclasses

import numpy as np
import pytest

from menshen.actors import light
from menshen.actors.scene import Scene

AHEAD = np.array([[0.0, 0.0, 7.0]], np.float32)
FACING = np.array([[0.0, 0.0, -1.0]], np.float32)
OPEN = np.ones(1, np.float32)


def lit(normal: tuple[float, float, float], scene: Scene) -> np.ndarray:
    normals = np.array([normal], np.float32)
    return np.asarray(light.irradiance(normals, OPEN, camera=AHEAD, scene=scene)[0])


def test_the_side_towards_the_light_is_brighter() -> None:
    scene = Scene(key_direction=(1, 0, 0.3))
    assert lit((1, 0, 0), scene).mean() > 1.5 * lit((-1, 0, 0), scene).mean()


def test_a_light_above_lights_what_looks_up() -> None:
    scene = Scene(key_direction=(0, 1, 0))
    assert lit((0, -1, 0), scene).mean() > 2 * lit((0, 1, 0), scene).mean()


def test_light_bleeds_through_skin_most_in_red() -> None:
    scene = Scene(key_direction=(0, 0, 1), key_colour=(1, 1, 1), ambient=0.0)
    edge = lit((1, 0, 0), scene)
    assert edge[0] > edge[1] > edge[2]


def test_hidden_places_are_darker() -> None:
    scene = Scene()
    hidden = light.irradiance(FACING, OPEN * 0.2, camera=AHEAD, scene=scene)
    assert (hidden < lit((0, 0, -1), scene)).all()


def test_the_flash_has_its_colour_and_falls_with_distance() -> None:
    scene = Scene(flash=(0.0, 0.0, 0.4))
    extra = lit((0, 0, -1), scene) - lit((0, 0, -1), dataclasses.replace(scene, flash=None))
    assert extra[:2] == pytest.approx([0, 0], abs=1e-6)
    assert extra[2] > 0.2
    near, far = (
        light.flash_on(FACING, AHEAD * k, scene)[0, 2] for k in (np.float32(1), np.float32(2))
    )
    assert near / far == pytest.approx(4, rel=1e-4)


def test_highlights_look_along_the_mirror_direction() -> None:
    scene = Scene(key_direction=(0, 0, 1), key_colour=(1, 1, 1), key_intensity=1.0)
    straight = light.highlight(FACING, AHEAD, power=20.0, scene=scene)[0, 0]
    aside = light.highlight(np.array([[0.6, 0, -0.8]], np.float32), AHEAD, power=20.0, scene=scene)[
        0, 0
    ]
    assert straight == pytest.approx(1.0, abs=1e-4)
    assert aside < 0.2


def test_strands_shine_across_not_along_and_not_on_the_far_side() -> None:
    scene = Scene(key_direction=(0, 0, 1))
    down, towards = np.array([[0.0, 1, 0]]), np.array([[0.0, 0, -1]])
    across = light.strand_highlight(down, FACING, AHEAD, scene=scene).mean()
    along = light.strand_highlight(towards, FACING, AHEAD, scene=scene).mean()
    behind = light.strand_highlight(down, -FACING, AHEAD, scene=scene).mean()
    assert across > 0.3
    assert along < 0.05
    assert behind == 0


def test_the_tone_curve_rises_and_softens_highlights() -> None:
    levels = light.develop(np.linspace(0, 3, 50, dtype=np.float32), exposure=1.0).astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels[0] == 0
    assert levels[-1] <= 255
    assert light.develop(np.array([0.5], np.float32), exposure=1.0)[0] == pytest.approx(
        0.5 ** (1 / 2.2) * 255, abs=1
    )
    darker = light.develop(np.array([0.5], np.float32), exposure=0.5)[0]
    assert darker == pytest.approx(0.25 ** (1 / 2.2) * 255, abs=1)
