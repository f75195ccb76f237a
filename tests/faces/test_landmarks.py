from __future__ import annotations

import numpy as np
import pytest

from menshen.faces.landmarks import SIDE, Landmarker, mesh_transform
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Box, Detection, Floats


def detection(angle: float = 0.0) -> Detection:
    """A face 100 pixels wide at (300, 200), its head leaning by ``angle`` degrees."""
    a = np.radians(angle)
    along = np.array([np.cos(a), np.sin(a)]) * 20
    keypoints = np.tile(np.array([300.0, 200.0]), (6, 1))
    keypoints[0] -= along
    keypoints[1] += along
    return Detection(Box(250, 150, 100, 100), 0.9, keypoints.astype(np.float32))


class Fixed:
    """A network whose mesh is always the crop's middle, but for point 7 at its top left."""

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.seen: Floats | None = None

    def run(self, tensor: Floats) -> dict[str, Floats]:
        self.seen = tensor
        points = np.full((468, 3), SIDE / 2, np.float32)
        points[:, 2] = 10
        points[7] = (0, 0, -10)
        return {
            "conv2d_21": points.reshape(1, 1, 1, -1),
            "conv2d_31": np.array([[[[self.logit]]]], np.float32),
        }


def test_the_crop_is_one_and_a_half_boxes() -> None:
    transform = mesh_transform(detection())
    assert transform[0, 0] == pytest.approx(SIDE / 150)
    assert np.allclose(transform @ [300, 200, 1], [SIDE / 2, SIDE / 2])


@pytest.mark.parametrize("angle", [-60.0, -10.0, 0.0, 25.0, 89.0])
def test_leaning_heads_are_set_upright(angle: float) -> None:
    face = detection(angle)
    transform = mesh_transform(face)
    right, left = (transform @ [*face.keypoints[i], 1] for i in (0, 1))
    assert right[1] == pytest.approx(left[1], abs=1e-3)
    assert left[0] > right[0]


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_points_come_back_in_picture_pixels(angle: float) -> None:
    network = Fixed(logit=4.0)
    pyramid = Pyramid(np.zeros((480, 640, 3), np.uint8))
    mesh = Landmarker(network).fit(pyramid, detection(angle))  # type: ignore[arg-type]
    assert np.allclose(mesh.points[0, :2], (300, 200), atol=1e-3)
    assert np.linalg.norm(mesh.points[7, :2] - [300, 200]) == pytest.approx(
        75 * np.sqrt(2), rel=1e-4
    )
    assert mesh.points[0, 2] == pytest.approx(10 * 150 / SIDE)
    assert network.seen is not None
    assert network.seen.shape == (1, SIDE, SIDE, 3)


@pytest.mark.parametrize(("logit", "presence"), [(0.0, 0.5), (-200.0, 0.0), (200.0, 1.0)])
def test_presence_is_a_probability(logit: float, presence: float) -> None:
    pyramid = Pyramid(np.zeros((480, 640, 3), np.uint8))
    mesh = Landmarker(Fixed(logit)).fit(pyramid, detection())  # type: ignore[arg-type]
    assert mesh.presence == pytest.approx(presence, abs=1e-6)
