"""Head pose seen through a camera: what `menshen.faces.pose` does, with perspective.

Near a camera the side of the face that is nearer looks larger, and a face off the middle of
the picture is seen from the side. The mesh is therefore put back into space before the
canonical face is laid against it, as MediaPipe's face geometry module does (Apache-2.0,
``face_geometry``). The mesh network sees a square cut out about the face: its depth runs
along the line of sight to the face, not along the axis of the camera.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from menshen.faces.pose import canonical_face, head_pose
from menshen.faces.records import Floats, HeadPose

FOCAL_LENGTH = 1.0
"""In longest sides of the picture: a field of view of 53 degrees. Laptops have 50 to 65, phones'
front cameras 60 to 75."""


def camera_pose(points: Floats, *, size: tuple[int, int]) -> HeadPose:
    """Head pose of a (468, 3) mesh in a picture of ``size`` (width, height), degrees.

    Relative to the axis of the camera: who moves sideways without turning keeps their pose.
    """
    return head_pose(in_space(points, size=size))


def in_space(points: Floats, *, size: tuple[int, int]) -> Floats:
    """Put a mesh, (468, 3) pixels, into space before a pinhole camera; about its own middle.

    In pixels at the head's distance, where the head is one focal length away.
    """
    focal = FOCAL_LENGTH * max(size)
    middle = canonical_face().weights @ points
    offset = points - middle
    offset[:, :2] *= 1 + offset[:, 2:] / focal
    aside = (middle[:2] - np.array(size) / 2) / focal
    return (offset @ _looking_along(aside).T).astype(np.float32)


def _looking_along(aside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation from the line of sight through ``aside`` (at depth 1) to the camera."""
    ahead = np.array([*aside, 1.0])
    ahead /= np.linalg.norm(ahead)
    across = np.cross([0.0, 1.0, 0.0], ahead)
    across /= np.linalg.norm(across)
    return np.column_stack([across, np.cross(ahead, across), ahead])
