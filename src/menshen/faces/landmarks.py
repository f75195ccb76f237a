"""The face mesh: 468 points on the face a detector found (arXiv:1907.06724)."""

from __future__ import annotations

import numpy as np

from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Detection, Floats, Mesh
from menshen.faces.runtime import Network

SIDE = 192
MARGIN = 1.5
RIGHT_EYE, LEFT_EYE = 0, 1


class Landmarker:
    """Fits the mesh to one detected face."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def fit(self, pyramid: Pyramid, detection: Detection) -> Mesh:
        """Return the mesh in picture pixels; ``presence`` is low where there is no face."""
        transform = mesh_transform(detection)
        crop = pyramid.cut(transform, size=SIDE)
        outputs = self._network.run((crop.astype(np.float32) / np.float32(255))[None])
        points = outputs["conv2d_21"].reshape(468, 3)
        logit = float(outputs["conv2d_31"].ravel()[0])
        presence = float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))
        return Mesh(_to_picture(points, transform), presence)


def mesh_transform(detection: Detection) -> Floats:
    """Return the (2, 3) transform to a square 1.5 times the box, turned to level the eyes."""
    right, left = detection.keypoints[RIGHT_EYE], detection.keypoints[LEFT_EYE]
    angle = np.arctan2(left[1] - right[1], left[0] - right[0])
    scale = SIDE / (max(detection.box.width, detection.box.height) * MARGIN)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    transform = np.empty((2, 3), np.float32)
    transform[:, :2] = rotation
    transform[:, 2] = SIDE / 2 - rotation @ np.array(detection.box.centre)
    return transform


def _to_picture(points: Floats, transform: Floats) -> Floats:
    inverse = np.linalg.inv(transform[:, :2].astype(np.float64))
    placed = np.empty((468, 3), np.float32)
    placed[:, :2] = (points[:, :2] - transform[:, 2]) @ inverse.T
    placed[:, 2] = points[:, 2] * np.sqrt(abs(np.linalg.det(inverse)))
    return placed
