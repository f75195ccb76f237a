"""A small triangle rasteriser in numpy: rows become spans, spans become fragments.

The nearest fragment of each pixel is found by scattering in rough back-to-front order and
repairing the few pixels where that order was wrong. Pixel centres have integer coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from menshen.actors.geometry import Floats, Ints


@dataclass(frozen=True, slots=True)
class Fragments:
    """Visible pixels of a mesh: flat pixel index, face index, barycentric weights, 1/depth."""

    pixel: Ints
    face: Ints
    weights: Floats
    nearness: Floats

    def interpolate(self, attributes: Floats, *, faces: Ints) -> Floats:
        """Return vertex attributes (V, k) at every visible pixel (n, k)."""
        out = np.zeros((len(self.pixel), attributes.shape[1]), np.float32)
        for i in range(3):
            corner = faces[:, i].take(self.face)
            out += attributes.take(corner, axis=0, mode="clip") * self.weights[:, i : i + 1]
        return out

    def where(self, keep: np.ndarray) -> Fragments:
        """Return the fragments that `keep` (n,) selects."""
        return Fragments(self.pixel[keep], self.face[keep], self.weights[keep], self.nearness[keep])


def rasterise(
    xy: Floats, depth: Floats, faces: Ints, *, size: tuple[int, int], cull: bool = True
) -> Fragments:
    """Find the nearest face at every pixel.

    Args:
        xy: projected vertices (V, 2) in pixels.
        depth: distance from the camera (V,), > 0.
        faces: vertex indices (F, 3), counter-clockwise on screen where they look at the camera.
        size: (width, height) of the picture.
        cull: leave out faces that look away.

    """
    nearness = (1.0 / depth).astype(np.float32)
    face = _candidates(xy, nearness, faces, cull=cull)
    corners = xy[faces[face]]
    triangle, y, left, count = _spans(corners, size)
    at_left, per_pixel = _planes(corners, nearness[faces[face]], triangle, y, left)
    row = np.repeat(np.arange(len(count), dtype=np.int32), count)
    step = np.arange(len(row), dtype=np.int32) - np.repeat(np.cumsum(count) - count, count)
    pixel = (y * size[0] + left).take(row) + step
    near = at_left[:, 2].take(row) + per_pixel[:, 2].take(triangle).take(row) * step
    front = _nearest(pixel, near, size[0] * size[1])
    row, step = row.take(front), step.take(front).astype(np.float32)
    triangle = triangle.take(row)
    weights = np.empty((len(front), 3), np.float32)
    for i in range(2):
        weights[:, i + 1] = at_left[:, i].take(row) + per_pixel[:, i].take(triangle) * step
    weights[:, 0] = 1.0 - weights[:, 1] - weights[:, 2]
    return Fragments(pixel.take(front), face.take(triangle), weights, near.take(front))


def _candidates(xy: Floats, nearness: Floats, faces: Ints, *, cull: bool) -> Ints:
    """Return the faces that can be seen, farthest first."""
    a, b, c = (xy[faces[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    seen = np.flatnonzero(area < -1e-6 if cull else np.abs(area) > 1e-6)
    order = np.argsort(nearness[faces[seen]].sum(1), kind="stable")
    return seen[order].astype(np.int32)


def _spans(corners: Floats, size: tuple[int, int]) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut triangles into rows: triangle, y, first x and number of pixels of every row."""
    width, height = size
    top = np.clip(np.ceil(corners[:, :, 1].min(1)), 0, height).astype(np.int32)
    bottom = np.clip(np.floor(corners[:, :, 1].max(1)) + 1, 0, height).astype(np.int32)
    rows = np.maximum(bottom - top, 0)
    triangle = np.repeat(np.arange(len(corners), dtype=np.int32), rows)
    first = np.cumsum(rows) - rows
    y = top[triangle] + (np.arange(len(triangle)) - first[triangle]).astype(np.int32)
    low, high = _crossings(corners, triangle, y)
    left = np.clip(np.ceil(low), 0, width).astype(np.int32)
    right = np.clip(np.floor(high) + 1, 0, width).astype(np.int32)
    kept = right > left
    return triangle[kept], y[kept], left[kept], (right - left)[kept]


def _crossings(corners: Floats, triangle: Ints, row: Ints) -> tuple[Floats, Floats]:
    """Find the smallest and largest x at which each row meets its triangle's edges."""
    y = row.astype(np.float32)
    low = np.full(len(y), np.inf, np.float32)
    high = np.full(len(y), -np.inf, np.float32)
    for i in range(3):
        p, q = corners[:, i], corners[:, (i + 1) % 3]
        rise = q[:, 1] - p[:, 1]
        slope = (q[:, 0] - p[:, 0]) / np.where(rise == 0, 1.0, rise).astype(np.float32)
        start = p[:, 0] - slope * p[:, 1]
        x = start.take(triangle) + slope.take(triangle) * y
        lower = np.where(rise == 0, np.inf, np.minimum(p[:, 1], q[:, 1])).astype(np.float32)
        upper = np.maximum(p[:, 1], q[:, 1])
        met = (y >= lower.take(triangle)) & (y <= upper.take(triangle))
        np.minimum(low, x, out=low, where=met)
        np.maximum(high, x, out=high, where=met)
    return low, high


def _planes(
    corners: Floats, nearness: Floats, triangle: Ints, y: Ints, left: Ints
) -> tuple[Floats, Floats]:
    """Give weights 2, 3 and 1/depth at each row's first pixel, and their step in x."""
    a, b, c = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
    along_x = np.column_stack([c[:, 1], -b[:, 1]]) / area[:, None]
    along_y = np.column_stack([-c[:, 0], b[:, 0]]) / area[:, None]
    dx, dy = left - a[triangle, 0], y - a[triangle, 1]
    w = along_x[triangle] * dx[:, None] + along_y[triangle] * dy[:, None]
    rise = nearness[:, 1:] - nearness[:, :1]
    start = nearness[triangle, 0] + (w * rise[triangle]).sum(1)
    step = (along_x * rise).sum(1)
    return (
        np.column_stack([w, start]).astype(np.float32),
        np.column_stack([along_x, step]).astype(np.float32),
    )


def _nearest(pixel: Ints, nearness: Floats, pixels: int) -> Ints:
    """Find the nearest fragment of every covered pixel."""
    front = np.full(pixels, -1, np.int32)
    challenger = np.arange(len(pixel), dtype=np.int32)
    while len(challenger):
        front[pixel[challenger]] = challenger
        challenger = np.flatnonzero(nearness > nearness[front[pixel]]).astype(np.int32)
    return front[front >= 0]
