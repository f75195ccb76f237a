"""The face, cut out and scaled so that every measurement costs and means the same."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.faces import contours
from menshen.faces.eyes import eye_centres
from menshen.faces.records import Face, Floats, Picture, Pixels

EYE_DISTANCE = 48.0
_STEEPEST_YAW = 60.0


def frontal_eye_distance(face: Face) -> float:
    """Return the pixels between the eye centres, as if the head were not turned.

    Divided by the cosine of the yaw, as ISO/IEC 29794-5 has it, up to 60 degrees.
    """
    right, left = eye_centres(face.mesh.points)
    yaw = min(abs(face.pose.yaw), _STEEPEST_YAW)
    return float(np.hypot(*(left - right)) / np.cos(np.radians(yaw)))


@dataclasses.dataclass(frozen=True, slots=True)
class FaceCrop:
    """The mesh's rectangle of the picture, shrunk to about 48 pixels between the eyes.

    ``pixels`` is (h, w, 3) RGB; ``luma`` (h, w), Rec. 601, 0..255; ``points`` (468, 2) in
    the crop's pixels; ``skin`` (h, w) is 1 inside the face's oval and 0 outside. Faces
    shrink by whole factors only, which is fast, and are not enlarged: ``eye_distance``,
    up to 72, says how large this one is.
    """

    pixels: Pixels
    luma: Pixels
    points: Floats
    skin: Pixels
    eye_distance: float

    def cheeks(self) -> tuple[Pixels, Pixels]:
        """Return the masks of the right and the left cheek."""
        return self._mask(contours.RIGHT_CHEEK), self._mask(contours.LEFT_CHEEK)

    def _mask(self, indices: tuple[int, ...]) -> Pixels:
        return _filled(self.luma.shape, self.points[list(indices)])


def _filled(shape: tuple[int, ...], ring: Floats) -> Pixels:
    """Fill a ring of points; at least one pixel is set, so that a mean exists."""
    canvas = np.zeros(shape, np.uint8)
    # A face that hangs out of the picture has points far away; cv2 wants small numbers.
    inside = np.clip(np.round(ring), -1, [shape[1], shape[0]]).astype(np.int32)
    cv2.fillPoly(canvas, [inside], 1)
    if not canvas.any():
        canvas[:] = 1
    return canvas


def _rectangle(points: Floats, *, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
    """Return the mesh's (top left, bottom right), inside the picture, at least 2 x 2."""
    size = np.array([shape[1], shape[0]])
    first = np.clip(np.floor(points.min(axis=0)) - 2, 0, size - 2).astype(np.int64)
    last = np.clip(np.ceil(points.max(axis=0)) + 3, first + 2, size).astype(np.int64)
    return first, last


def _shrunk(pixels: Pixels, factor: int) -> Pixels:
    """Average blocks of factor x factor pixels."""
    height, width = (max(1, side // factor) for side in pixels.shape[:2])
    whole = pixels[: height * factor, : width * factor]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def cut(picture: Picture, face: Face) -> FaceCrop:
    """Cut the face out of the picture; see `FaceCrop`."""
    points = face.mesh.points[:, :2]
    first, last = _rectangle(points, shape=picture.pixels.shape)
    pixels = picture.pixels[first[1] : last[1], first[0] : last[0]]
    distance = max(frontal_eye_distance(face), 1.0)
    factor = max(1, round(distance / EYE_DISTANCE))
    if factor > 1:
        pixels = _shrunk(pixels, factor)
    moved = ((points - first + 0.5) / factor - 0.5).astype(np.float32)
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    skin = _filled(luma.shape, moved[list(contours.FACE_OVAL)])
    return FaceCrop(pixels, luma, moved, skin, distance / factor)
