"""What a second photograph takes away: fine detail, and the red of skin.

Sources: Li, Wang, Tan and Jain 2004, Live Face Detection Based on the Analysis of Fourier Spectra
(missing high frequencies); Boulkenafet, Komulainen and Hadid 2016, Face Spoofing Detection Using
Colour Texture Analysis, IEEE TIFS 11(8) (ink and screens reach fewer colours than skin has).

Limits: a camera out of focus or moving takes detail away from living faces too, a sharp print
brings nearly all of it; cold light, a camera's white balance and a grey picture take away the red,
a well-calibrated screen brings it. Each alone convicts nobody; `screen_print` asks for both.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from menshen.faces.records import Box, Floats, Pixels
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.regions import graded, grown, luminance, part

DETAIL: Final = "detail"
GAMUT: Final = "gamut"
SIDE = 128
"""Face widths are brought to this many pixels; narrower faces have no detail to speak of."""
DETAIL_LIMIT, DETAIL_WIDTH = -0.95, -0.04
GAMUT_LIMIT, GAMUT_WIDTH = 8.5, -0.6
"""Both chosen on half of the people of one database; see decision 9."""
COLOURLESS = 1.5
INNER = 0.75
"""The part of the box, in each direction, that is skin and no background."""


def detail(observation: Observation) -> SignalResult:
    """Compare fine with coarse detail of the face; evidence is the logarithm of their ratio."""
    if observation.face is None:
        return SignalResult(DETAIL, None, "no-face")
    face = part(observation.pixels, observation.face.detection.box)
    if min(face.shape[:2]) < SIDE * INNER or observation.face.detection.box.width < SIDE:
        return SignalResult(DETAIL, None, "too-few-pixels")
    ratio = fineness(face)
    score = graded(ratio, limit=DETAIL_LIMIT, width=DETAIL_WIDTH)
    code = "detail-there" if score >= 0.5 else "detail-missing"
    return SignalResult(DETAIL, score, code, {"log_fine_to_coarse": ratio})


def fineness(face: Pixels) -> float:
    """Return log of the contrast at 1 pixel over that at 3 pixels, at 128 pixels a face."""
    small = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = luminance(np.asarray(small, np.uint8))
    levels = [cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (0.5, 1.0, 2.0, 4.0)]
    fine, coarse = _spread(levels[0] - levels[1]), _spread(levels[2] - levels[3])
    return math.log(fine / coarse)


def _spread(values: Floats) -> float:
    """Return the standard deviation, never 0: a blank face has no detail, not an infinite ratio."""
    return float(values.std()) + 0.05


def gamut(observation: Observation) -> SignalResult:
    """Measure the red of the skin; evidence is the mean of Cr over Y, in percent (BT.601)."""
    if observation.face is None:
        return SignalResult(GAMUT, None, "no-face")
    skin = part(observation.pixels, _inner(observation.face.detection.box))
    if skin.size == 0:
        return SignalResult(GAMUT, None, "too-few-pixels")
    luma, red, blue = _means(skin)
    if math.hypot(red, blue) < COLOURLESS and _is_grey(observation.pixels):
        return SignalResult(GAMUT, None, "no-colour")
    redness = 100 * red / max(luma, 1.0)
    score = graded(redness, limit=GAMUT_LIMIT, width=GAMUT_WIDTH)
    code = "skin-coloured" if score >= 0.5 else "colour-washed-out"
    return SignalResult(GAMUT, score, code, {"red_over_luma_percent": redness})


def _inner(box: Box) -> Box:
    return grown(box, INNER)


def _means(pixels: Pixels) -> tuple[float, float, float]:
    luma, red, blue = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb).reshape(-1, 3).mean(0)
    return float(luma), float(red) - 128, float(blue) - 128


def _is_grey(pixels: Pixels) -> bool:
    """Tell whether the whole picture is without colour: then the skin's says nothing."""
    return float(np.ptp(pixels[::8, ::8], axis=2).mean()) < COLOURLESS
