"""The outlines of a face, out of the mesh: enough to draw it, too little to compare it.

Indices are those of the 468-point face mesh (Kartynnik et al. 2019, arXiv:1907.06724). Left and
right are the person's own.
"""

from __future__ import annotations

from menshen.faces import contours
from menshen.faces.records import Mesh

OUTLINES: dict[str, tuple[int, ...]] = {
    "face": contours.FACE_OVAL,
    "right_eye": contours.RIGHT_EYE,
    "left_eye": contours.LEFT_EYE,
    "right_brow": contours.RIGHT_BROW,
    "left_brow": contours.LEFT_BROW,
    "lips": contours.OUTER_LIPS,
    "mouth": contours.INNER_LIPS,
}
"""Closed outlines by name, each a ring of mesh points."""

Point = tuple[float, float]


def outlines(mesh: Mesh, *, scale: float) -> dict[str, list[Point]]:
    """Return each outline as (x, y) points, the mesh's pixels times ``scale``, to a tenth."""
    return {name: [_point(mesh, i, scale) for i in ring] for name, ring in OUTLINES.items()}


def _point(mesh: Mesh, index: int, scale: float) -> Point:
    x, y = mesh.points[index, :2]
    return round(float(x) * scale, 1), round(float(y) * scale, 1)
