"""Pixels and times become an observation, cheaply enough for a live stream.

A face found once is followed: its last mesh says where to fit the next one. The detector looks
again when the mesh is lost, and every few frames, for somebody else may have stepped in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from menshen.faces.detector import Detector
from menshen.faces.engine import PRESENCE, prominent
from menshen.faces.landmarks import Landmarker
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.faces.pose import canonical_face
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Box, Detection, Face, Floats, Mesh, Pixels
from menshen.faces.runtime import Network
from menshen.liveness.camera_pose import camera_pose
from menshen.liveness.iris import IrisReader
from menshen.liveness.records import Observation

FOLLOWED = 5
"""The detector looks at every sixth frame at least."""
HOLDS = 0.8
"""Presence below which a followed mesh is not believed and the detector looks again."""
_UPPER_LIP, _LOWER_LIP, _BROW, _CHIN = 13, 14, 10, 152
_COMPLEX = np.array([1, 1j])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What is handed from one frame to the next: the face, how many there were, since when.

    ``size`` is (width, height) of the picture it is from.
    """

    face: Face
    faces: int
    age: int
    size: tuple[int, int]


class Observer:
    """Reads frames with the detector, the mesh and the iris network of one pack.

    It holds no state: the track is handed in and out, so that one observer serves all sessions.
    Only the whole picture is searched, not its tiles as for photographs: whoever sits before a
    camera is not small, and a stream without a face must not cost more than one with a face.
    """

    def __init__(self, detector: Detector, landmarker: Landmarker, iris: IrisReader) -> None:
        self._detector = detector
        self._landmarker = landmarker
        self._iris = iris

    @classmethod
    def from_pack(cls, pack: Pack, *, threads: int = 1) -> Observer:
        """Make an observer with a pack's networks; each is compiled at its first frame.

        Raises ModelFileError when the pack has no iris network.
        """

        def network(role: str) -> Network:
            return Network(_reader(pack, pack.manifest.model(role).id), streams=threads)

        return cls(
            Detector(network("detector")), Landmarker(network("mesh")), IrisReader(network("iris"))
        )

    def observe(
        self,
        pixels: Pixels,
        *,
        sequence: int,
        captured: float,
        received: float,
        last: Track | None = None,
    ) -> tuple[Observation, Track | None]:
        """Read one frame, (H, W, 3) uint8 RGB; hand the track on to the next frame.

        While a face is followed ``faces`` is the number the detector counted last, and the
        detection's box is moved along with the mesh.
        """
        pyramid = Pyramid(pixels)
        track = self._follow(pyramid, last) or self._search(pyramid)
        face = track.face if track else None
        observation = Observation(
            sequence=sequence,
            captured=captured,
            received=received,
            pixels=pixels,
            faces=track.faces if track else 0,
            face=face,
            eyes=self._iris.read(pyramid, face.mesh.points) if face else None,
            mouth=lip_opening(face.mesh.points) if face else None,
        )
        return observation, track

    def _follow(self, pyramid: Pyramid, last: Track | None) -> Track | None:
        if last is None or last.age >= FOLLOWED or last.size != _size(pyramid):
            return None
        mesh = self._landmarker.fit(pyramid, last.face.detection)
        if mesh.presence < HOLDS:
            return None
        detection = moved(last.face.detection, before=last.face.mesh, now=mesh)
        face = Face(detection, mesh, camera_pose(mesh.points, size=last.size))
        return Track(face, last.faces, last.age + 1, last.size)

    def _search(self, pyramid: Pyramid) -> Track | None:
        size = _size(pyramid)
        fitted = [(d, self._landmarker.fit(pyramid, d)) for d in self._detector.detect(pyramid)]
        faces = [
            Face(detection, mesh, camera_pose(mesh.points, size=size))
            for detection, mesh in fitted
            if mesh.presence >= PRESENCE
        ]
        return Track(faces[0], prominent(faces), 0, size) if faces else None


def moved(detection: Detection, *, before: Mesh, now: Mesh) -> Detection:
    """Move a detection as the mesh has moved: turned, scaled and shifted (Umeyama 1991)."""
    weights = canonical_face().weights
    source, target = before.points[:, :2], now.points[:, :2]
    from_, to = weights @ source, weights @ target
    # In the plane a similarity is one complex factor.
    a, b = (source - from_) @ _COMPLEX, (target - to) @ _COMPLEX
    spread = float(np.vdot(a, weights * a).real)
    factor = complex(np.vdot(a, weights * b)) / max(spread, 1e-9)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    scale = float(abs(factor))
    box = detection.box
    x, y = turn @ (np.array(box.centre) - from_) + to
    width, height = box.width * scale, box.height * scale
    keypoints = (detection.keypoints - from_) @ turn.T + to
    return Detection(
        Box(float(x - width / 2), float(y - height / 2), width, height),
        detection.score,
        keypoints.astype(np.float32),
    )


def lip_opening(points: Floats) -> float:
    """Gap between the lips over the height of the face, brow to chin; 0 when closed."""
    gap = np.linalg.norm(points[_UPPER_LIP, :2] - points[_LOWER_LIP, :2])
    height = np.linalg.norm(points[_BROW, :2] - points[_CHIN, :2])
    return float(gap / max(float(height), 1e-6))


def _size(pyramid: Pyramid) -> tuple[int, int]:
    height, width = pyramid.pixels.shape[:2]
    return width, height


def _reader(pack: Pack, model_id: str) -> Callable[[], NetworkBytes]:
    return lambda: pack.read(model_id)
