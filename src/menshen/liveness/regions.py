"""Small things the passive signals share: pieces of a frame, and grades."""

from __future__ import annotations

import math

import cv2
import numpy as np

from menshen.faces.records import Box, Floats, Pixels


def grown(box: Box, factor: float, *, most: float = math.inf) -> Box:
    """Grow a box about its centre, each side to at most ``most`` pixels."""
    width, height = min(box.width * factor, most), min(box.height * factor, most)
    x, y = box.centre
    return Box(x - width / 2, y - height / 2, width, height)


def part(pixels: Pixels, box: Box) -> Pixels:
    """Return the pixels inside the box and the frame; may be empty."""
    height, width = pixels.shape[:2]
    left, right = (round(min(max(x, 0), width)) for x in (box.x, box.x + box.width))
    top, bottom = (round(min(max(y, 0), height)) for y in (box.y, box.y + box.height))
    return pixels[top:bottom, left:right]


def luminance(pixels: Pixels) -> Floats:
    """Return (H, W) luma, 0..255 (ITU-R BT.601); an empty piece stays empty."""
    if pixels.size == 0:
        return np.zeros(pixels.shape[:2], np.float32)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def graded(value: float, *, limit: float, width: float) -> float:
    """Turn a measure into a score: 0.5 at ``limit``, towards 0 above it, towards 1 below.

    ``width`` is the step that changes the odds by a factor of e; negative where small values
    speak for an artefact.
    """
    return 1 / (1 + math.exp(min(max((value - limit) / width, -60.0), 60.0)))
