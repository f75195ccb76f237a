"""A face drawn by arithmetic: the canonical mesh over a textured skin."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import pytest

from menshen.faces.pose import canonical_face, head_pose, rotation_matrix
from menshen.faces.records import Box, Detection, Face, HeadPose, Mesh, Picture, Pixels

SKIN = (196, 150, 128)
FRONTAL = HeadPose(0, 0, 0)


@functools.cache
def textured(size: tuple[int, int], *, seed: int = 7) -> Pixels:
    """Skin with detail at every scale, its spectrum falling as 1/f as that of real pictures."""
    width, height = size
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    # Nothing coarser than 64 pixels: the light stays even.
    falling = np.where(frequency > 1 / 64, 1 / np.maximum(frequency, 1e-9), 0)
    relief = np.fft.irfft2(noise * falling, s=(height, width))
    shade = 1 + 0.15 * relief / relief.std()
    pixels: Pixels = np.clip(np.array(SKIN) * shade[..., None], 0, 255).astype(np.uint8)
    return pixels


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A picture, the face in it, and copies of both with something changed."""

    picture: Picture
    face: Face

    def with_pixels(self, change: Callable[[Pixels], Pixels]) -> Drawn:
        pixels = np.ascontiguousarray(change(self.picture.pixels), np.uint8)
        return Drawn(dataclasses.replace(self.picture, pixels=pixels), self.face)


def draw(
    *,
    pose: HeadPose = FRONTAL,
    scale: float = 12,
    centre: tuple[float, float] = (250, 230),
    size: tuple[int, int] = (500, 460),
) -> Drawn:
    """Draw a face; at scale 12 there are about 76 pixels between the eyes."""
    turned = canonical_face().vertices @ rotation_matrix(pose).T
    points = (turned * scale + np.array([*centre, 0])).astype(np.float32)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    box = Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    detection = Detection(box, 0.95, points[[33, 263, 1, 13, 234, 454], :2])
    face = Face(detection, Mesh(points, 0.99), head_pose(points))
    return Drawn(Picture(textured(size), size), face)


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Drawn]:
    return draw
