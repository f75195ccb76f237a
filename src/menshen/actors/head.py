"""MakeHuman's CC0 head as baked by `tools/bake_head.py` (see NOTICE.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, Ints, smoothstep
from menshen.actors.raster import rasterise

BODY, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE = range(6)

TEXTURE_SIZE = (1536, 768)
"""(width, height) of the cylindrical texture round the resting head."""

_AXIS_Z, _TOP, _BOTTOM = 0.35, 8.6, 5.0


@dataclass(frozen=True, slots=True)
class Head:
    """The resting bust: points (V, 3) in decimetres, faces (F, 3), and what each vertex is."""

    points: Floats
    faces: Ints
    part: NDArray[np.int8]
    lips: Floats
    ears: Floats
    mouth_inside: Floats
    lash: Floats
    openness: Floats
    lids: tuple[Ints, Ints]
    targets: dict[str, Floats]


@cache
def load_head() -> Head:
    """Read the baked head, once."""
    path = resources.files("menshen.actors") / "head.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as baked:
        deltas = baked["targets"].astype(np.float32)
        lips, ears, inside = (baked["masks"].astype(np.float32) / 255.0).T
        return Head(
            points=baked["points"],
            faces=baked["faces"].astype(np.int32),
            part=baked["part"],
            lips=lips,
            ears=ears,
            mouth_inside=inside,
            lash=baked["lash"].astype(np.float32),
            openness=baked["openness"].astype(np.float32),
            lids=(baked["left_lid"].astype(np.int32), baked["right_lid"].astype(np.int32)),
            targets={str(name): deltas[i] for i, name in enumerate(baked["names"])},
        )


def texture_coordinates(points: Floats) -> Floats:
    """Return cylindrical texture coordinates (V, 2) in texels of resting points (V, 3)."""
    width, height = TEXTURE_SIZE
    azimuth = np.arctan2(points[:, 0], points[:, 2] - _AXIS_Z)
    u = (azimuth / (2 * np.pi) + 0.5) * (width - 1)
    v = (_TOP - points[:, 1]) / (_TOP - _BOTTOM) * (height - 1)
    return np.column_stack([u, v]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class TexelMap:
    """What lies under every texel (height, width) of the cylindrical texture, at rest."""

    x: Floats
    y: Floats
    z: Floats
    azimuth: Floats
    lips: Floats
    ears: Floats
    openness: Floats

    def window(self, part: tuple[slice, slice]) -> TexelMap:
        """Cut out rows and columns."""
        return TexelMap(*(getattr(self, name)[part] for name in self.__slots__))

    def spot(self, x: float, y: float, width: float, height: float) -> Floats:
        """Return a soft spot 0..1 on the front of the face, mirrored to the other side."""
        across = np.exp(-(((np.abs(self.x) - x) / width) ** 2))
        front = smoothstep(0.3, 0.8, self.z)
        return np.asarray(across * front * np.exp(-(((self.y - y) / height) ** 2)), np.float32)


@cache
def texel_map() -> TexelMap:
    """Unroll resting positions and masks into the texture, once."""
    head = load_head()
    width, height = TEXTURE_SIZE
    body = head.faces[(head.part[head.faces] == BODY).all(1)]
    uv = texture_coordinates(head.points)
    seam = np.ptp(uv[body][:, :, 0], axis=1) > width / 2
    inner = head.mouth_inside[body].max(1) > 0.5
    radius = np.hypot(head.points[:, 0], head.points[:, 2] - _AXIS_Z)
    kept = body[~seam & ~inner]
    hit = rasterise(uv, 1.0 / (0.1 + radius), kept, size=TEXTURE_SIZE, cull=False)
    columns = np.column_stack([head.points, head.lips, head.ears, head.openness])
    grid = np.zeros((height * width, 6), np.float32)
    grid[:, 1] = np.repeat(np.linspace(_TOP, _BOTTOM, height), width)
    grid[:, 5] = 1.0
    grid[hit.pixel] = hit.interpolate(columns.astype(np.float32), faces=kept)
    x, y, z, lips, ears, openness = np.moveaxis(grid.reshape(height, width, 6), 2, 0)
    azimuth = np.broadcast_to(np.linspace(-np.pi, np.pi, width, dtype=np.float32), (height, width))
    return TexelMap(x, y, z, azimuth, lips, ears, openness)


_GRID = 64.0  # cells per decimetre of the depth map


@cache
def _depth_map() -> Floats:
    """Return the height z of the resting face's front over a grid of x (-1..1) and y (6..8.5)."""
    head = load_head()
    body = head.faces[(head.part[head.faces] == BODY).all(1)]
    xy = np.column_stack([(head.points[:, 0] + 1) * _GRID, (8.5 - head.points[:, 1]) * _GRID])
    size = (int(2 * _GRID), int(2.5 * _GRID))
    hit = rasterise(xy.astype(np.float32), 4.0 - head.points[:, 2], body, size=size)
    depth = np.full(size[0] * size[1], 0.6, np.float32)
    depth[hit.pixel] = 4.0 - 1.0 / hit.nearness
    return depth.reshape(size[::-1])


def front_depth(xy: Floats) -> Floats:
    """Return the height z of the resting face's front at points (n, 2) of it."""
    column = np.rint((xy[:, 0] + 1) * _GRID).astype(int)
    row = np.rint((8.5 - xy[:, 1]) * _GRID).astype(int)
    return np.asarray(_depth_map()[row, column], np.float32)
