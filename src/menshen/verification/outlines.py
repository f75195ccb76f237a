"""The outlines of a face, out of the mesh: enough to draw it, too little to compare it.

Indices are those of the 468-point face mesh (Kartynnik et al. 2019, arXiv:1907.06724). Left and
right are the person's own.
"""

from __future__ import annotations

from menshen.faces.records import Mesh

# fmt: off
OUTLINES: dict[str, tuple[int, ...]] = {
    "face": (
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ),
    "right_eye": (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    "left_eye": (362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398),
    "right_brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "left_brow": (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
    "lips": (
        61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    ),
    "mouth": (
        78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
    ),
}
"""Closed outlines by name, each a ring of mesh points."""
# fmt: on

Point = tuple[float, float]


def outlines(mesh: Mesh, *, scale: float) -> dict[str, list[Point]]:
    """Return each outline as (x, y) points, the mesh's pixels times ``scale``, to a tenth."""
    return {name: [_point(mesh, i, scale) for i in ring] for name, ring in OUTLINES.items()}


def _point(mesh: Mesh, index: int, scale: float) -> Point:
    x, y = mesh.points[index, :2]
    return round(float(x) * scale, 1), round(float(y) * scale, 1)
