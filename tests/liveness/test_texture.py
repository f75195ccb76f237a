from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.liveness.frames import BOX, blank, observed

from menshen.faces.records import Box, Pixels
from menshen.liveness.texture import detail, fineness, gamut

SKIN = (190, 140, 115)


def textured(blur: float = 0.0, seed: int = 0) -> Pixels:
    """Return a surface with detail of every size, as skin, hair and brows have."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(
            rng.normal(0, 9, (480 // n, 640 // n)), (640, 480), interpolation=cv2.INTER_CUBIC
        )
        for n in (1, 2, 4, 8, 16)
    ]
    surface = np.clip(120 + sum(layers), 0, 255).astype(np.uint8)
    if blur:
        surface = np.asarray(cv2.GaussianBlur(surface, (0, 0), blur), np.uint8)
    return np.repeat(surface[..., None], 3, axis=2)


def test_a_surface_with_all_detail_passes_and_a_blurred_one_does_not() -> None:
    sharp, soft = detail(observed(textured())), detail(observed(textured(2.5)))
    assert (sharp.code, soft.code) == ("detail-there", "detail-missing")
    assert sharp.score is not None
    assert soft.score is not None
    assert sharp.score > 0.9 > 0.1 > soft.score


def test_detail_falls_steadily_with_blur() -> None:
    ratios = [fineness(textured(blur)[100:300, 100:300]) for blur in (0, 0.6, 1.0, 1.6, 2.5)]
    assert ratios == sorted(ratios, reverse=True)


def test_contrast_and_brightness_do_not_matter() -> None:
    face = textured()[100:300, 100:300]
    flat = (face.astype(float) * 0.6 + 40).astype(np.uint8)
    assert fineness(flat) == pytest.approx(fineness(face), abs=0.1)


def test_a_blank_face_is_no_error() -> None:
    assert np.isfinite(fineness(blank()[:200, :200]))


def test_detail_says_nothing_of_small_cut_off_or_absent_faces() -> None:
    pixels = textured()
    for box in (Box(100, 100, 100, 100), Box(600, 100, 160, 160), Box(900, 900, 160, 160)):
        assert detail(observed(pixels, box=box)).code == "too-few-pixels"
    assert detail(observed(pixels, box=None)).code == "no-face"


@pytest.mark.parametrize("light", [0.25, 0.6, 1.0])
@pytest.mark.parametrize("skin", [SKIN, (224, 188, 165), (92, 60, 44), (141, 96, 72)])
def test_skin_of_any_colour_passes_in_any_brightness(
    skin: tuple[int, int, int], light: float
) -> None:
    red, green, blue = (round(light * channel) for channel in skin)
    result = gamut(observed(blank((red, green, blue))))
    assert (result.code, result.score is not None) == ("skin-coloured", True)


@pytest.mark.parametrize("ink", [(150, 148, 150), (120, 130, 160), (200, 205, 200)])
def test_washed_out_or_bluish_faces_do_not_pass(ink: tuple[int, int, int]) -> None:
    pixels = blank((160, 120, 40))  # the rest of the frame has colour
    pixels[100:400, 200:440] = ink
    result = gamut(observed(pixels))
    assert result.code == "colour-washed-out"
    assert result.score is not None
    assert result.score < 0.1


def test_a_grey_picture_says_nothing_of_colour() -> None:
    result = gamut(observed(textured()))
    assert (result.score, result.code) == (None, "no-colour")


def test_colour_says_nothing_outside_the_frame_or_without_a_face() -> None:
    assert gamut(observed(blank(SKIN), box=Box(900, 900, 100, 100))).code == "too-few-pixels"
    assert gamut(observed(blank(SKIN), box=None)).code == "no-face"


def test_colour_is_of_the_face_not_of_the_wall() -> None:
    pixels = blank((90, 120, 160))
    x, y, side = int(BOX.x), int(BOX.y), int(BOX.width)
    pixels[y : y + side, x : x + side] = SKIN
    assert gamut(observed(pixels)).code == "skin-coloured"
