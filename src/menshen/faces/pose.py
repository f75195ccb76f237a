"""Head pose: how the measured mesh lies against the canonical face.

The canonical face is MediaPipe's (Apache-2.0): 468 vertices in centimetres, 898 triangles,
and the 33 vertices, with weights, that move least with expression. Pose is the rotation
that takes it onto the measured points with the least weighted squared distance, scale and
place free (Umeyama 1991, doi:10.1109/34.88573). The mesh network gives depth as well as
place, so no camera model is needed; depth makes large turns read up to a tenth too large.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import io

import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats, HeadPose

POINTS = 468

_Matrix = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class CanonicalFace:
    """The average face, frontal, in picture axes (x right, y down, z away), centimetres.

    ``vertices`` is (468, 3) float32, ``weights`` (468,) float32 summing to 1 (zero for the
    vertices that expression moves), ``triangles`` (898, 3) int16. All are read-only.
    """

    vertices: Floats
    weights: Floats
    triangles: NDArray[np.int16]


@functools.cache
def canonical_face() -> CanonicalFace:
    """Read the canonical face from the package, once."""
    resource = importlib.resources.files("menshen.faces") / "canonical_face.npz"
    with np.load(io.BytesIO(resource.read_bytes()), allow_pickle=False) as stored:
        # Stored with y up and z towards the viewer, as MediaPipe publishes it.
        vertices = stored["vertices"] * np.array([1, -1, -1], np.float32)
        face = CanonicalFace(vertices, stored["weights"], stored["triangles"])
    for array in (face.vertices, face.weights, face.triangles):
        array.flags.writeable = False
    return face


@functools.cache
def _rigid_part() -> tuple[NDArray[np.intp], _Matrix, _Matrix]:
    """Choose the vertices that hold still: (indices, weights, weighted centred vertices)."""
    face = canonical_face()
    chosen = np.flatnonzero(face.weights)
    weights = face.weights[chosen].astype(np.float64)
    vertices = face.vertices[chosen].astype(np.float64)
    centred = vertices - weights @ vertices
    return chosen, weights, centred * weights[:, None]


def rotation_matrix(pose: HeadPose) -> _Matrix:
    """Turn a pose into its (3, 3) rotation: yaw, then pitch, then roll, about picture axes."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(a), np.cos(a)) for a in (yaw, pitch, roll))
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    rotation: _Matrix = lean @ nod @ turn
    return rotation


def _angles(rotation: _Matrix) -> HeadPose:
    """Undo `rotation_matrix`; exact for |pitch| < 90 degrees."""
    pitch = np.arcsin(np.clip(rotation[2, 1], -1, 1))
    yaw = np.arctan2(rotation[2, 0], rotation[2, 2])
    roll = np.arctan2(-rotation[0, 1], rotation[1, 1])
    return HeadPose(*(float(angle) for angle in np.degrees([yaw, pitch, roll])))


def head_pose(points: Floats) -> HeadPose:
    """Head pose of a (468, 3) mesh, degrees; see `HeadPose` for the signs.

    Raises ValueError when ``points`` has another shape.
    """
    if points.shape != (POINTS, 3):
        raise ValueError(f"a mesh is ({POINTS}, 3), not {points.shape}")
    chosen, weights, source = _rigid_part()
    target = points[chosen].astype(np.float64)
    left, _, right = np.linalg.svd((target - weights @ target).T @ source)
    # A best fit that mirrors the face is no pose: flip the weakest axis back.
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    return _angles((left * mirror) @ right)
