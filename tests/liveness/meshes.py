"""Observations without pictures: the canonical face, or a print of it, before a pinhole camera."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from menshen.faces.pose import canonical_face, rotation_matrix
from menshen.faces.records import Box, Detection, Face, Floats, HeadPose, Mesh
from menshen.liveness.camera_pose import camera_pose
from menshen.liveness.records import EyeState, Observation

SIZE = (640, 480)
FOCAL = 640.0
AHEAD = HeadPose(0, 0, 0)
FPS = 15.0
_Points = NDArray[np.float64]


def photographed(space: _Points, pose: HeadPose, *, distance: float, x: float = 0) -> Floats:
    """Photograph points in centimetres: (n, 3) pixels, depth along the line of sight in pixels."""
    held = space @ rotation_matrix(pose).T + [x, 0, distance]
    middle = canonical_face().weights @ held
    place = held[:, :2] / held[:, 2:] * FOCAL + np.array(SIZE) / 2
    depth = (held - middle) @ middle / np.linalg.norm(middle)
    return np.column_stack([place, depth * FOCAL / middle[2]]).astype(np.float32)


def head(pose: HeadPose = AHEAD, *, distance: float = 50, x: float = 0) -> Floats:
    """Photograph the canonical head."""
    return photographed(canonical_face().vertices.astype(np.float64), pose, distance=distance, x=x)


def sheet(pose: HeadPose = AHEAD, *, distance: float = 50, bend: float = 0) -> Floats:
    """Photograph a life-size print of the head; ``bend`` is one over its radius, per centimetre.

    The depth is what the mesh network draws onto frontal pictures: a head's.
    """
    print_ = canonical_face().vertices.astype(np.float64) * [1, 1, 0]
    if bend:
        angle = print_[:, 0] * bend
        print_[:, 0], print_[:, 2] = np.sin(angle) / bend, (1 - np.cos(angle)) / bend
    points = photographed(print_, pose, distance=distance)
    points[:, 2] = head(distance=distance)[:, 2]
    return points


def noisy(points: Floats, *, seed: int, deviation: float = 0.5) -> Floats:
    """Add what a mesh trembles by, in pixels."""
    rng = np.random.default_rng(seed)
    return (points + rng.normal(0, deviation, points.shape)).astype(np.float32)


def observed(
    points: Floats | None,
    *,
    time: float,
    openness: float = 0.3,
    gaze: float = 0.0,
    mouth: float = 0.02,
    faces: int = 1,
) -> Observation:
    """Wrap a mesh, or None for an empty picture, as an observation."""
    width, height = SIZE
    face = None
    if points is not None:
        x, y = points[:, :2].min(0)
        right, low = points[:, :2].max(0) - (x, y)
        box = Box(float(x), float(y), float(right), float(low))
        keypoints = points[[33, 263, 1, 13, 127, 356], :2]
        face = Face(
            Detection(box, 0.9, keypoints), Mesh(points, 0.99), camera_pose(points, size=SIZE)
        )
    return Observation(
        sequence=round(time * FPS),
        captured=time,
        received=time,
        pixels=np.broadcast_to(np.uint8(0), (height, width, 3)),
        faces=faces if face else 0,
        face=face,
        eyes=EyeState(openness, gaze) if face else None,
        mouth=mouth if face else None,
    )


def turning(yaws: Iterable[float], *, begins: float = 0.0) -> tuple[Observation, ...]:
    """A head that turns through these angles, one for each frame."""
    return tuple(
        observed(noisy(head(HeadPose(yaw, 0, 0)), seed=i), time=begins + i / FPS)
        for i, yaw in enumerate(yaws)
    )


def calm(count: int = 8, *, begins: float = 0.0) -> tuple[Observation, ...]:
    """A head that looks ahead."""
    return turning([0.0] * count, begins=begins)


def sway(top: float, *, frames: int = 30, swings: float = 1.0) -> Sequence[float]:
    """Angles from rest to ``top`` and to the other side, back to rest."""
    angles: list[float] = (
        np.sin(2 * np.pi * swings * np.arange(frames) / (frames - 1)) * top
    ).tolist()
    return angles
