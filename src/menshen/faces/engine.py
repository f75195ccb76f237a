"""The pipeline: decode, detect, mesh, align, embed, with one pack's networks.

An engine is made once and shared by all threads; networks are read and compiled when they
are first needed, each once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from menshen.errors import (
    FaceError,
    FaceNotUprightError,
    FaceTooSmallError,
    FaceTurnedAwayError,
    NoFaceError,
    PictureError,
    SeveralFacesError,
)
from menshen.faces.decode import Limits, decode
from menshen.faces.detector import Detector
from menshen.faces.embedder import Embedder
from menshen.faces.landmarks import Landmarker
from menshen.faces.models.pack import Pack
from menshen.faces.pose import head_pose
from menshen.faces.pyramid import Pyramid
from menshen.faces.quality import Quality, assess
from menshen.faces.records import Box, Detection, Face, Picture, Template
from menshen.faces.runtime import Network, Precision

PRESENCE = 0.5
SMALLEST_EYE_DISTANCE = 20.0
"""Pixels between the eye centres in the picture as stored; below, recognisers guess."""
BYSTANDER = 0.25
"""A second face counts when its box is at least this share of the largest one's side."""
MOST_YAW, MOST_PITCH, MOST_ROLL = 50.0, 45.0, 60.0
_RIGHT_EYE, _LEFT_EYE = (33, 133), (362, 263)


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """A picture with exactly one usable face, and all that was made of it."""

    picture: Picture
    face: Face
    quality: Quality
    template: Template


_Prepared = tuple[Picture, Pyramid, Face, Quality]


class Engine:
    """Faces and templates from pictures, with the networks of one pack.

    ``threads`` is how many threads may be inside at the same time, each on one core.
    """

    def __init__(self, pack: Pack, *, threads: int = 1, precision: Precision = "f32") -> None:
        self.manifest = pack.manifest
        self.contract = pack.contract
        self._networks = {
            model.id: Network(
                lambda model_id=model.id: pack.read(model_id),  # type: ignore[misc]
                streams=threads,
                batched=model.role == "recogniser",
                # Detection and landmarks lose half a pixel and more below single precision.
                precision=precision if model.role == "recogniser" else "f32",
            )
            for model in pack.manifest.models
        }
        self._detector = Detector(self._networks[pack.manifest.model("detector").id])
        self._landmarker = Landmarker(self._networks[pack.manifest.model("mesh").id])
        recognisers = pack.manifest.recognisers
        self._embedder = Embedder(
            recognisers, [self._networks[r.model] for r in recognisers], contract=pack.contract
        )
        self._used = {
            self.manifest.model("detector").id,
            self.manifest.model("mesh").id,
            *(r.model for r in recognisers),
        }

    def load(self) -> None:
        """Read and compile every network a comparison needs, rather than at first use."""
        for model_id in sorted(self._used):
            self._networks[model_id].load()

    def find(self, picture: Picture) -> tuple[Face, ...]:
        """Return all faces of the picture, largest first; an empty tuple when there is none."""
        return self._find(Pyramid(picture.pixels))

    def template(self, picture: Picture, face: Face) -> Template:
        """Make the template of one face found in this picture."""
        return self.templates([(picture, face)])[0]

    def templates(self, faces: Sequence[tuple[Picture, Face]]) -> tuple[Template, ...]:
        """Make the templates of many faces, in one batch through each network."""
        return self._embedder.embed([(Pyramid(p.pixels), face) for p, face in faces])

    def sample(self, data: bytes, *, limits: Limits | None = None) -> Sample:
        """Go from a file's bytes to a template of the one face in it.

        Raises a PictureError when the bytes are no usable picture, a FaceError when there is
        no face, more than one, or one too small, turned away or lying on its side.
        """
        return self.samples([data], limits=limits)[0]

    def samples(
        self, pictures: Sequence[bytes], *, limits: Limits | None = None
    ) -> tuple[Sample, ...]:
        """Do the same for several files, with one batch through each recogniser.

        An error says in ``index`` which file it means.
        """
        ready = [self._prepare_one(i, data, limits or Limits()) for i, data in enumerate(pictures)]
        templates = self._embedder.embed([(pyramid, face) for _, pyramid, face, _ in ready])
        return tuple(
            Sample(picture, face, quality, dataclasses.replace(template, weight=quality.weight))
            for (picture, _, face, quality), template in zip(ready, templates, strict=True)
        )

    def _prepare_one(self, index: int, data: bytes, limits: Limits) -> _Prepared:
        try:
            return self._prepare(data, limits)
        except (PictureError, FaceError) as error:
            error.index = index
            raise

    def _prepare(self, data: bytes, limits: Limits) -> _Prepared:
        picture = decode(data, limits=limits)
        pyramid = Pyramid(picture.pixels)
        faces = self._find(pyramid)
        face = self._single(faces, pyramid)
        if picture.reduction > 1 and self._embedder.finest_magnification(face) > 1:
            picture, pyramid, face = self._refine(data, limits, picture, face)
        _refuse_unusable(face, picture)
        return picture, pyramid, face, assess(picture, face, faces=len(faces))

    def _find(self, pyramid: Pyramid) -> tuple[Face, ...]:
        fitted = (self._fit(pyramid, d) for d in self._detector.detect(pyramid))
        return tuple(face for face in fitted if face.mesh.presence >= PRESENCE)

    def _fit(self, pyramid: Pyramid, detection: Detection) -> Face:
        mesh = self._landmarker.fit(pyramid, detection)
        return Face(detection, mesh, head_pose(mesh.points))

    def _single(self, faces: tuple[Face, ...], pyramid: Pyramid) -> Face:
        if not faces:
            raise self._why_none(pyramid)
        side = faces[0].detection.box.width
        if sum(f.detection.box.width >= BYSTANDER * side for f in faces) > 1:
            raise SeveralFacesError("more than one face is in the picture")
        return faces[0]

    def _why_none(self, pyramid: Pyramid) -> NoFaceError | FaceNotUprightError:
        """Look again with the picture turned: phones forget which way is up."""
        for turns in (1, 3, 2):
            turned = Pyramid(np.ascontiguousarray(np.rot90(pyramid.level(0), turns)))
            if self._find(turned):
                return FaceNotUprightError("the picture lies on its side or upside down")
        return NoFaceError("no face was found in the picture")

    def _refine(
        self, data: bytes, limits: Limits, coarse: Picture, face: Face
    ) -> tuple[Picture, Pyramid, Face]:
        """Decode again at full size and fit the mesh there: the face is small in a big photo."""
        picture = decode(data, limits=limits, reduce=False)
        pyramid = Pyramid(picture.pixels)
        finer = _scaled(face.detection, coarse.reduction / picture.reduction)
        return picture, pyramid, self._fit(pyramid, finer)


def eye_distance(face: Face) -> float:
    """Return the distance between the eye centres in picture pixels, corrected for yaw.

    ISO/IEC 39794-5 measures it on a frontal face: turning the head must not shrink it.
    """
    points = face.mesh.points
    right, left = points[list(_RIGHT_EYE)].mean(0), points[list(_LEFT_EYE)].mean(0)
    return float(np.linalg.norm(right - left))


def _refuse_unusable(face: Face, picture: Picture) -> None:
    if abs(face.pose.roll) > MOST_ROLL:
        raise FaceNotUprightError("the head lies on its side")
    if abs(face.pose.yaw) > MOST_YAW or abs(face.pose.pitch) > MOST_PITCH:
        raise FaceTurnedAwayError("the face is turned too far away")
    if eye_distance(face) * picture.reduction < SMALLEST_EYE_DISTANCE:
        raise FaceTooSmallError("the face has too few pixels")


def _scaled(detection: Detection, factor: float) -> Detection:
    box = detection.box
    return Detection(
        Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor),
        detection.score,
        (detection.keypoints * factor).astype(np.float32),
    )
