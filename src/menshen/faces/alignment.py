"""Similarity transforms: where a face goes in the square a network expects.

Source: S. Umeyama, "Least-squares estimation of transformation parameters between two
point patterns", IEEE TPAMI 13(4), 1991.
"""

from __future__ import annotations

import numpy as np

from menshen.faces.models.manifest import Crop
from menshen.faces.records import Floats, Mesh


def similarity(source: Floats, target: Floats) -> Floats:
    """Least-squares rotation, uniform scale and shift from ``source`` to ``target``.

    Both are (N, 2), N >= 2, not all points equal; returns (2, 3) float32.
    """
    source64, target64 = np.asarray(source, np.float64), np.asarray(target, np.float64)
    mean_source, mean_target = source64.mean(0), target64.mean(0)
    x, y = source64 - mean_source, target64 - mean_target
    u, singular, vt = np.linalg.svd(y.T @ x)
    signs = np.array([1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    rotation = u @ np.diag(signs) @ vt
    scale = (singular * signs).sum() / max((x**2).sum(), 1e-12)
    transform = np.empty((2, 3))
    transform[:, :2] = scale * rotation
    transform[:, 2] = mean_target - scale * rotation @ mean_source
    return transform.astype(np.float32)


def crop_transform(mesh: Mesh, crop: Crop) -> Floats:
    """Return the (2, 3) transform that puts the mesh where ``crop`` wants it, in crop pixels."""
    points = np.array([mesh.points[list(group), :2].mean(0) for group in crop.landmarks])
    return similarity(points.astype(np.float32), np.array(crop.targets, np.float32) * crop.size)


def magnification(transform: Floats) -> float:
    """Crop pixels for each picture pixel: above 1 the crop is finer than the picture."""
    return float(np.hypot(transform[0, 0], transform[1, 0]))
