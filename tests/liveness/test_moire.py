from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.liveness.frames import BOX, blank, noisy, observed

from menshen.faces.records import Box, Pixels
from menshen.liveness import moire
from menshen.liveness.moire import strongest_peak
from menshen.liveness.regions import luminance


def waved(period: float, *, degrees: float, strength: float = 3.0, seed: int = 0) -> Pixels:
    """Lay a fine raster over camera noise."""
    y, x = np.mgrid[:480, :640]
    angle = np.radians(degrees)
    wave = strength * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    waves = np.clip(noisy(seed).astype(float) + wave[..., None], 0, 255)
    return np.asarray(waves, np.uint8)


@pytest.mark.parametrize("degrees", [0, 3, 20, 45, 90])
@pytest.mark.parametrize("period", [2.6, 3.7, 6.3])
def test_a_raster_is_seen_at_any_angle_and_its_period_told(period: float, degrees: float) -> None:
    result = moire.moire(observed(waved(period, degrees=degrees)))
    assert result.score is not None
    assert result.score < 0.05
    assert result.code == "raster-seen"
    assert result.evidence["period_px"] == pytest.approx(period, rel=0.08)


@pytest.mark.parametrize("seed", range(6))
def test_camera_noise_is_no_raster(seed: int) -> None:
    result = moire.moire(observed(noisy(seed)))
    assert result.score is not None
    assert result.score > 0.9
    assert result.code == "no-raster"


def test_a_stronger_raster_stands_higher() -> None:
    heights = [strongest_peak(luminance(waved(3.7, degrees=20, strength=s)))[0] for s in (2, 4, 8)]
    assert heights == sorted(heights)


def test_jpeg_blocks_are_no_raster() -> None:
    for quality in (30, 60, 90):
        coded = cv2.imencode(".jpg", noisy(), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        assert moire.moire(observed(pixels)).code == "no-raster", quality


def test_straight_edges_are_no_raster() -> None:
    pixels = noisy()
    pixels[:, 300:] //= 2
    pixels[200:204] //= 3
    cv2.line(pixels, (200, 100), (420, 380), (20, 20, 20), 5)
    assert moire.moire(observed(pixels)).code == "no-raster"


def test_a_blank_frame_is_no_raster() -> None:
    assert moire.moire(observed(blank())).code == "no-raster"


def test_nothing_is_said_of_too_few_pixels_or_no_face() -> None:
    assert moire.moire(observed(blank(), box=Box(10, 10, 80, 80))).code == "too-few-pixels"
    assert moire.moire(observed(blank(), box=Box(900, 900, 200, 200))).code == "too-few-pixels"
    result = moire.moire(observed(blank(), box=None))
    assert (result.score, result.code) == (None, "no-face")


def test_only_the_face_and_its_surroundings_count() -> None:
    pixels = noisy()
    pixels[:, 520:] = waved(3.7, degrees=20)[:, 520:]  # a striped curtain at the frame's edge
    assert moire.moire(observed(pixels, box=BOX)).code == "no-raster"
