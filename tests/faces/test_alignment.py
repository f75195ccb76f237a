from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces.alignment import crop_transform, magnification, similarity
from menshen.faces.models.manifest import Crop
from menshen.faces.records import Mesh

angles = st.floats(-180, 180)
scales = st.floats(0.05, 20)
shifts = st.floats(-500, 500)
SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10], [3, 7]], np.float32)


def moved(points: np.ndarray, angle: float, scale: float, x: float, y: float) -> np.ndarray:
    a = np.radians(angle)
    rotation = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return points @ (scale * rotation).T + [x, y]


@given(angles, scales, shifts, shifts)
def test_recovers_a_known_similarity(angle: float, scale: float, x: float, y: float) -> None:
    target = moved(SQUARE, angle, scale, x, y)
    transform = similarity(SQUARE, target.astype(np.float32))
    back = SQUARE @ transform[:, :2].T + transform[:, 2]
    assert np.abs(back - target).max() < 1e-3 * max(1, scale, abs(x), abs(y))
    assert magnification(transform) == pytest.approx(scale, rel=1e-3)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = SQUARE * [-1, 1]
    transform = similarity(SQUARE, mirrored.astype(np.float32))
    assert np.linalg.det(transform[:, :2]) > 0


def test_noise_is_averaged_not_followed() -> None:
    rng = np.random.default_rng(0)
    noisy = (SQUARE * 2 + 5 + rng.normal(0, 0.05, SQUARE.shape)).astype(np.float32)
    assert magnification(similarity(SQUARE, noisy)) == pytest.approx(2, rel=0.02)


def test_crop_averages_grouped_landmarks() -> None:
    points = np.zeros((468, 3), np.float32)
    points[33], points[133] = (10, 20, 5), (30, 20, 5)  # their mean is (20, 20)
    points[362], points[263] = (60, 20, 5), (80, 20, 5)  # (70, 20)
    points[1] = (45, 50, 0)
    crop = Crop(
        size=100,
        landmarks=((33, 133), (362, 263), (1,)),
        targets=((0.2, 0.2), (0.7, 0.2), (0.45, 0.5)),
    )
    transform = crop_transform(Mesh(points, 1.0), crop)
    assert np.allclose(transform, [[1, 0, 0], [0, 1, 0]], atol=1e-5)
