"""Light on the face: luminance, exposure, uniformity, colour."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.faces.quality.crop import FaceCrop
from menshen.faces.quality.kinds import Kind, Tip, decaying, falling, rising
from menshen.faces.quality.records import Component

LUMINANCE_MEAN = Kind(
    "luminance-mean", 0x44, "0..1", Tip("Luminance mean", "平均亮度"), critical=True, weighs=True
)
LUMINANCE_VARIANCE = Kind("luminance-variance", 0x45, "0..1 squared", Tip("Contrast", "明暗对比"))
UNDER_EXPOSURE = Kind(
    "under-exposure-prevention",
    0x46,
    "share of face",
    Tip("No under-exposure", "无欠曝"),
    critical=True,
    weighs=True,
)
OVER_EXPOSURE = Kind(
    "over-exposure-prevention",
    0x47,
    "share of face",
    Tip("No over-exposure", "无过曝"),
    critical=True,
    weighs=True,
)
UNIFORMITY = Kind(
    "illumination-uniformity",
    0x43,
    "difference / sum of cheeks",
    Tip("Even light", "光线均匀"),
    critical=True,
    weighs=True,
)
NATURAL_COLOUR = Kind(
    "natural-colour", 0x4B, "CIELAB units off skin", Tip("Natural colour", "自然色彩")
)

MORE = Tip("More light on your face, please", "请让脸部光线更亮一些")
LESS = Tip("Less light on your face, please", "脸部光线太亮，请调暗一些")
CONTRAST = Tip("Softer light from the front helps", "请用正面柔和的光线")
RIGHT_DARK = Tip(
    "Turn towards the light: the left side of the picture is dark", "画面左侧偏暗，请面向光源"
)
LEFT_DARK = Tip(
    "Turn towards the light: the right side of the picture is dark", "画面右侧偏暗，请面向光源"
)
COLOUR = Tip("Use white light and no colour filter", "请使用白光，并关闭滤镜")

_LEVELS = np.arange(256)
_DARKEST, _BRIGHTEST = 25, 247


def _histogram(crop: FaceCrop) -> NDArray[np.float64]:
    """Share of the face's pixels at each of the 256 luma levels."""
    counts = cv2.calcHist([crop.luma], [0], crop.skin, [256], [0, 256]).ravel()
    shares: NDArray[np.float64] = counts / counts.sum(dtype=np.float64)
    return shares


def _luminance(shares: NDArray[np.float64]) -> tuple[Component, Component]:
    """Rate mean and variance.

    The variance is mapped as OFIQ does. The mean's limits, 0.15 and 0.85, are wider than
    OFIQ's 0.2 and 0.8: 8 bits hold such faces well, and neither very dark nor very fair
    skin may be told to change the light.
    """
    mean = float(shares @ _LEVELS) / 255
    variance = float(shares @ (_LEVELS / 255 - mean) ** 2)
    lit = rising(mean, middle=0.15, width=0.04) * falling(mean, middle=0.85, width=0.04) / 100
    contrast = 100 * math.sin(math.pi * 60 * variance / (60 * variance + 1))
    return (
        LUMINANCE_MEAN.rate(lit, measure=mean, tip=MORE if mean < 0.5 else LESS),
        LUMINANCE_VARIANCE.rate(contrast, measure=variance, tip=CONTRAST),
    )


def _exposure(shares: NDArray[np.float64]) -> tuple[Component, Component]:
    dark = float(shares[: _DARKEST + 1].sum())
    bright = float(shares[_BRIGHTEST:].sum())
    return (
        UNDER_EXPOSURE.rate(decaying(dark, width=0.2), measure=dark, tip=MORE),
        OVER_EXPOSURE.rate(decaying(bright, width=0.05), measure=bright, tip=LESS),
    )


def _uniformity(right: float, left: float) -> Component:
    """Rate the Michelson contrast between the cheeks.

    The standard's measure, the overlap of the cheeks' histograms, falls to nothing at a
    shift of a few grey levels on evenly lit skin; the contrast of the means does not.
    """
    contrast = abs(right - left) / max(right + left, 1.0)
    tip = RIGHT_DARK if right < left else LEFT_DARK
    value = falling(contrast, middle=0.3, width=0.06)
    return UNIFORMITY.rate(value, measure=contrast, tip=tip)


def _colour(rgb: NDArray[np.float32]) -> Component:
    """Rate how far the cheeks' colour lies outside a* 5..25, b* 5..35, which holds all skins."""
    _, a, b = (float(x) for x in cv2.cvtColor(rgb[None, None] / 255, cv2.COLOR_RGB2LAB)[0, 0])
    distance = math.hypot(max(5 - a, a - 25, 0), max(5 - b, b - 35, 0))
    return NATURAL_COLOUR.rate(decaying(distance, width=3), measure=distance, tip=COLOUR)


def rate_light(crop: FaceCrop) -> tuple[Component, ...]:
    """Rate the light on a face."""
    right, left = crop.cheeks()
    shares = _histogram(crop)
    skin = np.array(cv2.mean(crop.pixels, cv2.max(right, left))[:3], np.float32)
    return (
        *_luminance(shares),
        *_exposure(shares),
        _uniformity(cv2.mean(crop.luma, right)[0], cv2.mean(crop.luma, left)[0]),
        _colour(skin),
    )
