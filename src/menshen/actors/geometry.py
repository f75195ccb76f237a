"""Small geometry shared by the actor renderer.

Image axes: x right, y down, z away from the camera. Model axes (MakeHuman): x right, y up,
z towards the camera, one unit is one decimetre.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
"""Real-valued arrays; float32 wherever there are many values."""
Ints = NDArray[np.int32]
"""Index arrays; int32 keeps the rasteriser's memory traffic half of int64's."""


def rotation(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Floats:
    """Return the rotation matrix (3, 3) in image axes from degrees.

    yaw > 0 turns the nose to the image's right, pitch > 0 lowers the nose, roll > 0 is clockwise.
    """
    (sa, sb, sc), (ca, cb, cc) = (f(np.radians([yaw, pitch, roll])) for f in (np.sin, np.cos))
    around_y = np.array([[ca, 0, -sa], [0, 1, 0], [sa, 0, ca]])
    around_x = np.array([[1, 0, 0], [0, cb, -sb], [0, sb, cb]])
    around_z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    return np.asarray(around_z @ around_x @ around_y, dtype=np.float32)


def smoothstep(low: float, high: float, x: Any) -> Any:
    """Ramp smoothly (Hermite) from 0 at `low` to 1 at `high` (`low` may be the greater)."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def unit(vectors: ArrayLike) -> Floats:
    """Scale vectors (..., 3) to unit length."""
    v = np.asarray(vectors, dtype=np.float32)
    length = np.sqrt((v * v).sum(-1, keepdims=True))
    return np.asarray(v / np.maximum(length, np.float32(1e-9)), np.float32)


def vertex_normals(points: Floats, faces: Ints) -> Floats:
    """Return area-weighted unit normals (V, 3) of a mesh with points (V, 3) and faces (F, 3)."""
    a, b, c = (points.take(faces[:, i], axis=0) for i in range(3))
    (px, py, pz), (qx, qy, qz) = (b - a).T, (c - a).T
    normal = np.stack([py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx], axis=1)
    index = faces.ravel()
    summed = [
        np.bincount(index, np.repeat(normal[:, i], 3), minlength=len(points)) for i in range(3)
    ]
    return unit(np.stack(summed, axis=1))


def noise(
    shape: tuple[int, int],
    *,
    rng: np.random.Generator,
    cells: tuple[int, ...] = (4, 8, 16, 32, 64),
    persistence: float = 0.6,
) -> Floats:
    """Draw smooth noise of unit standard deviation; octaves in cells across the picture."""
    total, amplitude = np.zeros(shape, np.float32), 1.0
    for count in cells:
        grid = rng.standard_normal((count, count), dtype=np.float32)
        grid[:, -1] = grid[:, 0]
        total += amplitude * cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
        amplitude *= persistence
    return np.asarray(total / total.std(), dtype=np.float32)


def to_linear(srgb: ArrayLike) -> Floats:
    """Turn display values 0..255 into linear light 0..1 (gamma 2.2)."""
    return np.asarray((np.asarray(srgb, np.float32) / 255.0) ** 2.2, dtype=np.float32)


def encode_albedo(linear: Floats) -> NDArray[np.uint8]:
    """Turn linear albedo 0..1 into square-root coded bytes."""
    return np.asarray(np.sqrt(np.clip(linear, 0, 1)) * 255.0 + 0.5, dtype=np.uint8)
