"""The eyes in fine detail: lids and iris (Ablavatski et al. 2020, arXiv:2006.11341).

The mesh alone follows a blink badly: it was trained on faces with open eyes. The iris network
looks at each eye at 64 x 64 pixels and draws the lids anew; the two together see blinks the
mesh misses. Behind glasses that mirror a window both go astray, the gaze first.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from menshen.faces.eyes import eye_aspect_ratios
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Floats
from menshen.liveness.records import EyeState

SIDE = 64
WIDTHS = 2.3
"""The network was trained on squares 2.3 eye widths wide."""
RIGHT_CORNERS, LEFT_CORNERS = (33, 133), (362, 263)
_CONTOUR, _IRIS = "output_eyes_contours_and_brows", "output_iris"
_FIRST_CORNER, _LAST_CORNER = 0, 8
_LIDS = ((3, 11), (4, 12), (5, 13))
"""Points of the network's contour that face each other across the eye."""


class Runs(Protocol):
    """A network: one tensor in, arrays by name out (`menshen.faces.runtime.Network`)."""

    def run(self, tensor: Floats) -> dict[str, Floats]:
        """Run one batch."""
        ...


class IrisReader:
    """Reads both eyes of a face whose mesh is known."""

    def __init__(self, network: Runs) -> None:
        self._network = network

    def read(self, pyramid: Pyramid, points: Floats) -> EyeState:
        """Return openness and gaze of both eyes; ``points`` is a mesh, (468, 3) pixels.

        The eye that shows wider counts more: of a turned head, the far eye is mostly guessed.
        """
        sides = [(RIGHT_CORNERS, True), (LEFT_CORNERS, False)]
        widths = np.array([_width(points, corners) for corners, _ in sides])
        read = np.array([self._one(pyramid, points, *side) for side in sides])
        contour, gaze = (widths / widths.sum()) @ read
        mesh = float(np.mean(eye_aspect_ratios(points)))
        return EyeState(openness=(mesh + float(contour)) / 2, gaze=float(gaze))

    def _one(
        self, pyramid: Pyramid, points: Floats, corners: tuple[int, int], mirrored: bool
    ) -> tuple[float, float]:
        """Return (opening over width by the contour, gaze) of one eye."""
        transform = eye_transform(points, corners, mirrored=mirrored)
        crop = pyramid.cut(transform, size=SIDE)
        outputs = self._network.run((crop.astype(np.float32) / np.float32(255))[None])
        contour = outputs[_CONTOUR].reshape(-1, 3)[:, :2]
        iris = outputs[_IRIS].reshape(-1, 3)[0, :2]
        # The corners lie level in the crop, 1/2.3 of its side apart, about its middle.
        gaze = (float(iris[0]) - SIDE / 2) * WIDTHS / SIDE
        return _opening(contour), -gaze if mirrored else gaze


def eye_transform(points: Floats, corners: tuple[int, int], *, mirrored: bool) -> Floats:
    """Return the (2, 3) transform from picture to a square about an eye, its corners level.

    The network knows left eyes only: right ones are ``mirrored``.
    """
    first, last = points[corners[0], :2], points[corners[1], :2]
    along = (last - first) / max(float(np.linalg.norm(last - first)), 1e-6)
    scale = SIDE / (_width(points, corners) * WIDTHS)
    turn = np.array([[along[0], along[1]], [-along[1], along[0]]]) * scale
    if mirrored:
        turn[0] *= -1
    transform = np.empty((2, 3), np.float32)
    transform[:, :2] = turn
    transform[:, 2] = SIDE / 2 - turn @ ((first + last) / 2)
    return transform


def _width(points: Floats, corners: tuple[int, int]) -> float:
    first, last = points[corners[0], :2], points[corners[1], :2]
    return max(float(np.linalg.norm(last - first)), 1e-6)


def _opening(contour: Floats) -> float:
    width = np.linalg.norm(contour[_FIRST_CORNER] - contour[_LAST_CORNER])
    heights = [np.linalg.norm(contour[upper] - contour[lower]) for upper, lower in _LIDS]
    return float(np.mean(heights) / max(float(width), 1e-6))
