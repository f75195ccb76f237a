"""Frames without a person: pixels, and a face that is only a box."""

from __future__ import annotations

import numpy as np

from menshen.faces.records import Box, Detection, Face, HeadPose, Mesh, Pixels
from menshen.liveness.records import Observation

BOX = Box(240, 160, 160, 160)


def face_in(box: Box = BOX) -> Face:
    detection = Detection(box, 0.99, np.zeros((6, 2), np.float32))
    return Face(detection, Mesh(np.zeros((468, 3), np.float32), 1.0), HeadPose(0.0, 0.0, 0.0))


def observed(
    pixels: Pixels, *, box: Box | None = BOX, at: float = 0.0, sequence: int = 0
) -> Observation:
    face = None if box is None else face_in(box)
    return Observation(sequence, at, at, pixels, int(box is not None), face, None, None)


def blank(value: int | tuple[int, int, int] = 120) -> Pixels:
    return np.full((480, 640, 3), value, np.uint8)


def noisy(seed: int = 0, deviation: float = 8.0) -> Pixels:
    """Return what a camera makes of a wall."""
    noise = np.random.default_rng(seed).normal(120, deviation, (480, 640, 1))
    return np.repeat(np.clip(noise, 0, 255).astype(np.uint8), 3, axis=2)
