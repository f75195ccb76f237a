"""How far the eyes and the mouth are open, read off the mesh.

The eye aspect ratio is Soukupova and Cech's (Real-Time Eye Blink Detection using Facial
Landmarks, CVWW 2016). Open eyes measure 0.18 to 0.34 by person, a blink about 0.17: compare
with the person's own resting value wherever there is one.
"""

from __future__ import annotations

import numpy as np

from menshen.faces.records import Floats

# The six points p1..p6 of the paper: outer or inner corner, two above, corner, two below.
_RIGHT = (33, 160, 158, 133, 153, 144)
_LEFT = (362, 385, 387, 263, 373, 380)
_RIGHT_CORNERS = (33, 133)
_LEFT_CORNERS = (362, 263)
_UPPER_LIP, _LOWER_LIP, _MOUTH_RIGHT, _MOUTH_LEFT = 13, 14, 78, 308
_SMALLEST_WIDTH = 1e-6


def _distance(points: Floats, a: int, b: int) -> float:
    return float(np.hypot(points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]))


def _aspect_ratio(points: Floats, eye: tuple[int, ...]) -> float:
    p1, p2, p3, p4, p5, p6 = eye
    height = (_distance(points, p2, p6) + _distance(points, p3, p5)) / 2
    return height / max(_distance(points, p1, p4), _SMALLEST_WIDTH)


def eye_aspect_ratios(points: Floats) -> tuple[float, float]:
    """Return (right, left): height of each eye over its width in the picture, 0 when shut.

    ``points`` is a mesh, (468, 2) or (468, 3), in pixels.
    """
    return _aspect_ratio(points, _RIGHT), _aspect_ratio(points, _LEFT)


def mouth_aspect_ratio(points: Floats) -> float:
    """Gap between the lips over the width of the mouth, inner contour; 0 when closed."""
    width = _distance(points, _MOUTH_RIGHT, _MOUTH_LEFT)
    return _distance(points, _UPPER_LIP, _LOWER_LIP) / max(width, _SMALLEST_WIDTH)


def eye_centres(points: Floats) -> Floats:
    """Middle of the corners of the right and the left eye, (2, 2) pixels, right eye first."""
    centres: Floats = points[[_RIGHT_CORNERS, _LEFT_CORNERS], :2].mean(axis=1)
    return centres
