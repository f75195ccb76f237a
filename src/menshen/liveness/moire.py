"""Moiré: the beat between a screen's or a print's raster and the camera's own.

Source: Garcia and de Queiroz 2015, Face-Spoofing 2D-Detection Based on Moiré-Pattern Analysis,
IEEE TIFS 10(4); power spectra averaged over overlapping tiles after Welch 1967.

Limits: needs pixels as the camera gave them: scaling and hard compression wash the pattern out;
fine screens held far away or out of focus show none, so its absence proves nothing. Woven cloth
and blinds are periodic too, hence the look at the face and its nearest surroundings only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.regions import graded, grown, luminance, part

NAME: Final = "moire"
TILE = 128
STEP = 64
WIDEST = 448
REACH = 1.5
"""How far the look goes, in face boxes."""
LIMIT, WIDTH = 5.2, 0.4
"""A peak this many deviations above its surroundings is a raster; see decision 9."""
COARSEST, FINEST = 12, 60
"""Cycles in a tile: below, a face's own features; above, the camera's colour filter."""
_BLOCKS = 16
"""JPEG's blocks of 8 pixels repeat at multiples of this many cycles in a tile."""


def moire(observation: Observation) -> SignalResult:
    """Look for a raster in one frame; evidence is the highest peak and its period in pixels."""
    if observation.face is None:
        return SignalResult(NAME, None, "no-face")
    region = grown(observation.face.detection.box, REACH, most=WIDEST)
    grey = luminance(part(observation.pixels, region))
    if min(grey.shape) < TILE:
        return SignalResult(NAME, None, "too-few-pixels")
    height, cycles = strongest_peak(grey)
    score = graded(height, limit=LIMIT, width=WIDTH)
    code = "no-raster" if score >= 0.5 else "raster-seen"
    return SignalResult(NAME, score, code, {"peak_deviations": height, "period_px": TILE / cycles})


def strongest_peak(grey: Floats) -> tuple[float, float]:
    """Return the highest peak of the spectrum, in deviations, and its cycles in a tile.

    ``grey`` is (H, W), both at least 128.
    """
    contrast = _standing_out(_mean_log_power(grey))
    inside = contrast[_BAND]
    middle = float(np.median(inside))
    deviation = 1.4826 * float(np.median(np.abs(inside - middle)))
    best = int(np.argmax(inside))
    height = (float(inside[best]) - middle) / max(deviation, 1e-6)
    return height, float(_RADIUS[_BAND][best])


def _mean_log_power(grey: Floats) -> Floats:
    """Average over tiles the logarithm: a raster is in all of them, an edge in few."""
    spectra = [
        np.log(np.abs(np.fft.fft2((tile - tile.mean()) * _WINDOW)) ** 2 + 1.0)
        for tile in _tiles(grey)
    ]
    return np.asarray(np.mean(spectra, axis=0), np.float32)


def _tiles(grey: Floats) -> Iterator[Floats]:
    height, width = grey.shape
    for y in range(0, height - TILE + 1, STEP):
        for x in range(0, width - TILE + 1, STEP):
            yield grey[y : y + TILE, x : x + TILE]


def _standing_out(spectrum: Floats) -> Floats:
    """Subtract what lies beside each point, in the direction where most does.

    Straight edges give ridges: along the ridge they do not stand out. A raster gives points.
    """
    padded = np.pad(spectrum, _ARM, mode="wrap")
    beside = [cv2.filter2D(padded, -1, kernel) for kernel in _KERNELS]
    inner = slice(_ARM, -_ARM)
    return np.asarray(spectrum - np.max(beside, axis=0)[inner, inner], np.float32)


_ARM, _GAP = 7, 3


def _kernels() -> tuple[Floats, ...]:
    """Means along a line of 15 points without its middle, in four directions."""
    offsets = [i for i in range(-_ARM, _ARM + 1) if abs(i) >= _GAP]
    kernels = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        kernel = np.zeros((2 * _ARM + 1, 2 * _ARM + 1), np.float32)
        for i in offsets:
            kernel[_ARM + dy * i, _ARM + dx * i] = 1 / len(offsets)
        kernels.append(kernel)
    return tuple(kernels)


_KERNELS = _kernels()
_WINDOW = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
_CYCLES = np.fft.fftfreq(TILE, 1 / TILE)
_RADIUS = np.hypot(_CYCLES[:, None], _CYCLES[None, :])


def _band() -> NDArray[np.bool_]:
    """Where a raster may show: not the coarsest, not where JPEG's blocks do."""
    off = np.abs((_CYCLES + _BLOCKS / 2) % _BLOCKS - _BLOCKS / 2)
    blocks = (off[:, None] <= 1) & (off[None, :] <= 1)
    return np.asarray((_RADIUS >= COARSEST) & (_RADIUS <= FINEST) & ~blocks, np.bool_)


_BAND = _band()
