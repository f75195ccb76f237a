"""Calm rooms out of focus, and camera noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, noise, to_linear

_WALLS = [
    (206, 200, 190), (188, 194, 196), (196, 188, 176), (176, 186, 180), (202, 194, 196),
    (168, 178, 190), (190, 184, 168), (180, 176, 184),
]  # fmt: skip
_SPARE = 400  # pixels by which the field of noise is larger than the picture


@lru_cache(maxsize=16)
def room(seed: int, size: tuple[int, int]) -> Floats:
    """Paint an indoor background (height, width, 3) in linear light; treat as read-only."""
    rng = np.random.default_rng([seed, 77])
    width, height = 160, 120
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    wall = to_linear(_WALLS[rng.integers(len(_WALLS))]) * np.float32(rng.uniform(0.55, 0.8))
    side = float(rng.choice([-1.0, 1.0]))
    glow = np.exp(-((x - side * 1.2) ** 2) / 0.9 - (y + 0.5) ** 2 / 1.2)
    light = 0.62 + 0.5 * glow - 0.12 * y
    picture = wall * light[..., None].astype(np.float32)
    _furnish(picture, rng, side=side)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 6), np.float32)
    picture *= np.exp(0.015 * noise((height, width), rng=rng, cells=(3, 5, 9)))[..., None]
    out = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.float32)
    out.setflags(write=False)
    return out


def _furnish(picture: Floats, rng: np.random.Generator, *, side: float) -> None:
    """Add a bright window on the lit side; a shelf, a picture or a plant on the other."""
    height, width = picture.shape[:2]
    at = 0.86 if side > 0 else 0.14
    left, right = int((at - 0.13) * width), int((at + 0.13) * width)
    window = np.array([0.78, 0.82, 0.86], np.float32) * np.float32(rng.uniform(0.5, 0.75))
    picture[int(0.06 * height) : int(0.52 * height), left:right] = window
    picture[:, (left + right) // 2 - 1 : (left + right) // 2 + 1] *= 0.8
    centre = int((1 - at) * width)
    for _ in range(int(rng.integers(1, 4))):
        x = centre + int(rng.integers(-18, 12))
        y = int(rng.integers(20, 80))
        w, h = (int(v) for v in rng.integers(6, 22, 2))
        tone = np.array([0.5, 0.45, 0.38], np.float32) * rng.uniform(0.4, 1.3, 3).astype(np.float32)
        picture[y : y + h, max(x, 0) : x + w] = (
            0.55 * picture[y : y + h, max(x, 0) : x + w] + 0.3 * tone
        )


@lru_cache(maxsize=4)
def _noise_tile(size: tuple[int, int], deviation: float) -> NDArray[np.int16]:
    """Draw noise (tile, tile, 3), partly common to the three channels as in raw sensors."""
    rng = np.random.default_rng(5)
    shape = (size[1] + _SPARE, size[0] + _SPARE)
    tile = 0.5 * rng.standard_normal((*shape, 3), dtype=np.float32)
    tile += 0.85 * rng.standard_normal((*shape, 1), dtype=np.float32)
    return np.asarray(np.rint(tile * np.float32(deviation)), np.int16)


def add_noise(picture: NDArray[np.uint8], *, deviation: float, seed: int) -> NDArray[np.uint8]:
    """Add camera noise: a window, placed by the seed, of a fixed larger field of noise."""
    height, width = picture.shape[:2]
    top, left = np.random.default_rng([seed, 9]).integers(0, _SPARE, 2)
    window = _noise_tile((width, height), deviation)[top : top + height, left : left + width]
    return np.asarray(cv2.add(picture, window, dtype=cv2.CV_8U), np.uint8)
