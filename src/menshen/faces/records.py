"""The records that cross the pipeline's boundaries.

Coordinates are pixels of the *decoded, upright* picture, x to the right, y down, the
origin at the top left corner of the top left pixel. "Right eye" is the person's own.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """One decoded still picture.

    ``pixels`` is (H, W, 3) RGB, upright (EXIF orientation applied). ``full_size`` is
    (width, height) of the upright picture as stored; ``reduction`` = full width / decoded
    width (1.0 when decoded at full size). ``format`` is ``jpeg``, ``png`` or ``webp``, or
    ``array`` for pixels given directly; ``colour`` says how the file stored them: ``rgb``,
    ``grey``, ``cmyk``. ``compressed_bytes`` is the file's length, 0 for ``array``.
    """

    pixels: Pixels
    full_size: tuple[int, int]
    reduction: float = 1.0
    format: str = "array"
    colour: str = "rgb"
    compressed_bytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclasses.dataclass(frozen=True, slots=True)
class Detection:
    """A face found by the detector.

    ``score`` is the detector's confidence, 0..1. ``keypoints`` is (6, 2): right eye, left
    eye, nose tip, mouth, right ear, left ear.
    """

    box: Box
    score: float
    keypoints: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Mesh:
    """The 468-point face mesh (Kartynnik et al. 2019, arXiv:1907.06724).

    ``points`` is (468, 3): x, y in pixels; z in the same unit, smaller is nearer the camera.
    ``presence`` is the network's confidence that a face is there, 0..1.
    """

    points: Floats
    presence: float


@dataclasses.dataclass(frozen=True, slots=True)
class HeadPose:
    """Angles in degrees (ISO/IEC 39794-5 axes), subject frontal = 0, 0, 0.

    ``yaw`` > 0: the nose points to the right edge of the picture; ``pitch`` > 0: the nose
    points down; ``roll`` > 0: the head leans clockwise as seen in the picture.
    """

    yaw: float
    pitch: float
    roll: float


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """One face of one picture: where it is and how it is held."""

    detection: Detection
    mesh: Mesh
    pose: HeadPose


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A biometric reference or probe: features, never a picture (ISO/IEC 2382-37, 37.03.22).

    ``contract`` is the hash of the pack that made it; templates of different contracts
    are never compared. ``features`` holds one unit-length float32 vector for each part of
    the pack (a recogniser at one crop), in the pack's order. ``weight`` is the sample's
    quality weight, 0..1, used when several samples are fused; ``samples`` counts the
    pictures in it.
    """

    contract: str
    features: tuple[Floats, ...]
    weight: float = 1.0
    samples: int = 1
