"""Fine detail: sharpness, and the blocks that strong compression leaves."""

from __future__ import annotations

import math

import cv2
import numpy as np
from cv2.typing import MatLike

from menshen.faces.quality.crop import FaceCrop
from menshen.faces.quality.kinds import Kind, Tip, falling, rising
from menshen.faces.quality.records import Component
from menshen.faces.records import Face, Picture, Pixels

SHARPNESS = Kind(
    "sharpness",
    0x49,
    "fine / coarse detail",
    Tip("Sharpness", "清晰度"),
    critical=True,
    weighs=True,
)
COMPRESSION = Kind(
    "compression-artifacts",
    0x4A,
    "block edge / other edge",
    Tip("No compression artefacts", "无压缩痕迹"),
)

STILL = Tip("Hold still and wipe the lens", "请保持不动，并擦净镜头")
ORIGINAL = Tip("Send the original photo, not a forwarded copy", "请上传原图，不要使用转发后的图片")

_BLOCK = 8
_WINDOW = 256
# One strong edge must not pass for a block edge.
_STRONGEST_STEP = 16
_LEAST_STEP = 0.3
# A face with few pixels is small, which is said elsewhere, not out of focus.
_FINEST = 0.5
_FAINTEST = 0.3
_ROUNDING = 0.29
_NOISE_OPERATOR = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
# Mean absolute value that white noise of deviation 1 leaves in the fine band of unit 1.
_NOISE_SHARE = 0.151


def _bands(luma: Pixels, unit: float) -> tuple[MatLike, MatLike]:
    """Split the luma into absolute detail between 1 and 2, and between 2 and 4 units."""
    fine = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), unit)
    middle = cv2.GaussianBlur(fine, (0, 0), unit * 3**0.5)
    coarse = cv2.GaussianBlur(middle, (0, 0), unit * 12**0.5)
    return cv2.absdiff(fine, middle), cv2.absdiff(middle, coarse)


def _noise(crop: FaceCrop) -> float:
    """Estimate the standard deviation of the pixels' noise, in grey levels.

    Immerkaer's operator (Computer Vision and Image Understanding 64, 1996) with a median in
    place of its mean, so that edges do not count.
    """
    residual = cv2.convertScaleAbs(cv2.filter2D(crop.luma, cv2.CV_16S, _NOISE_OPERATOR))
    shares = cv2.calcHist([residual], [0], crop.skin, [256], [0, 256]).ravel().cumsum()
    deviation = float(np.searchsorted(shares, shares[-1] / 2)) / (6 * 0.6745)
    return max(deviation, _ROUNDING)


def rate_sharpness(crop: FaceCrop) -> Component:
    """Rate the ratio of fine to coarse detail on the face, noise taken off both.

    The bands are 1/64..1/32 and 1/32..1/16 of the eye distance. Their ratio does not depend
    on light, contrast or skin. A sharp face measures about 0.6, one blurred by 4 % of its
    eye distance about 0.4.
    """
    unit = max(crop.eye_distance / 64, _FINEST)
    fine, coarse = (cv2.mean(band, crop.skin)[0] for band in _bands(crop.luma, unit))
    noise = _NOISE_SHARE * _noise(crop) / unit
    kept = math.sqrt(max(fine**2 - noise**2, 0))
    ratio = kept / max(math.sqrt(max(coarse**2 - (noise / 2) ** 2, 0)), _FAINTEST)
    return SHARPNESS.rate(rising(ratio, middle=0.42, width=0.04), measure=ratio, tip=STILL)


def _window(picture: Picture, face: Face) -> Pixels:
    """Cut up to 256 x 256 pixels of luma around the middle of the face, unscaled."""
    points = face.mesh.points[:, :2]
    size = np.array([picture.pixels.shape[1], picture.pixels.shape[0]])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = np.minimum((points.max(axis=0) - points.min(axis=0)) / 2, _WINDOW / 2)
    first = np.clip(middle - reach, 0, np.maximum(size - _BLOCK * 2, 0)).astype(np.int64)
    last = np.clip(middle + reach, first + _BLOCK * 2, size).astype(np.int64)
    pixels = picture.pixels[first[1] : last[1], first[0] : last[0]]
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _blockiness(one: Pixels, next_one: Pixels, *, axis: int) -> float:
    """Compare the largest of the eight phases of the mean step with their median."""
    steps = np.minimum(cv2.absdiff(one, next_one), np.uint8(_STRONGEST_STEP))
    profile = cv2.reduce(steps, 1 - axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
    phases = [float(profile[phase::_BLOCK].mean()) for phase in range(_BLOCK)]
    return max(phases) / max(float(np.median(phases)), _LEAST_STEP)


def rate_compression(picture: Picture, face: Face) -> Component:
    """Rate the steps at the borders of JPEG's 8 x 8 blocks (after Wang et al., ICIP 2002).

    The grid's place is not assumed, so that turned and cropped pictures count too. Where the
    picture was decoded at a reduced size, blocks have gone with the rest of the detail.
    """
    luma = _window(picture, face)
    across = _blockiness(luma[:, 1:], luma[:, :-1], axis=1)
    down = _blockiness(luma[1:], luma[:-1], axis=0)
    ratio = max((across + down) / 2, 1.0)
    return COMPRESSION.rate(falling(ratio, middle=1.6, width=0.1), measure=ratio, tip=ORIGINAL)
