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
from menshen.faces.quality.crop import frontal_eye_distance
from menshen.faces.records import Box, Detection, Face, Picture, Template
from menshen.faces.runtime import Network, Precision

PRESENCE = 0.5
SMALLEST_EYE_DISTANCE = 20.0
"""Pixels between the eye centres in the picture as stored; below, recognisers guess."""
DOUBTFUL = 0.9
"""Detector scores of upright faces lie above; below, the picture may be upside down."""
SURER = 0.15
SURE = 0.7
BYSTANDER = 0.5
"""A second face counts when its box has at least this share of the largest one's side.

Somebody walking past in the background does not; two people side by side do."""
MOST_YAW, MOST_PITCH, MOST_ROLL = 50.0, 45.0, 60.0


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
    ``precision`` of the recognisers: by default bfloat16 where the manifest allows it and the
    processor has it, single precision elsewhere. Detection and landmarks are always in single
    precision: they would lose half a pixel and more.
    """

    def __init__(self, pack: Pack, *, threads: int = 1, precision: Precision | None = None) -> None:
        self.manifest = pack.manifest
        self.contract = pack.contract
        precisions: dict[str, Precision] = {
            r.model: precision or ("bf16" if r.bfloat16 else "f32")
            for r in pack.manifest.recognisers
        }
        self._networks = {
            model.id: Network(
                lambda model_id=model.id: pack.read(model_id),  # type: ignore[misc]
                streams=threads,
                batched=model.role == "recogniser",
                precision=precisions.get(model.id, "f32"),
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

    def sample(self, data: bytes, *, limits: Limits | None = None, largest: bool = False) -> Sample:
        """Go from a file's bytes to a template of the one face in it.

        With ``largest`` the largest of several faces is taken, as evaluations do; otherwise
        two faces are refused. Raises a PictureError when the bytes are no usable picture, a
        FaceError when there is no face, more than one, or one too small, turned away or lying
        on its side.
        """
        return self.samples([data], limits=limits, largest=largest)[0]

    def samples(
        self, pictures: Sequence[bytes], *, limits: Limits | None = None, largest: bool = False
    ) -> tuple[Sample, ...]:
        """Do the same for several files, with one batch through each recogniser.

        An error says in ``index`` which file it means.
        """
        ready = [
            self._prepare_one(index, data, limits or Limits(), largest)
            for index, data in enumerate(pictures)
        ]
        templates = self._embedder.embed([(pyramid, face) for _, pyramid, face, _ in ready])
        return tuple(
            Sample(picture, face, quality, dataclasses.replace(template, weight=quality.weight))
            for (picture, _, face, quality), template in zip(ready, templates, strict=True)
        )

    def _prepare_one(self, index: int, data: bytes, limits: Limits, largest: bool) -> _Prepared:
        try:
            return self._prepare(data, limits, largest)
        except (PictureError, FaceError) as error:
            error.index = index
            raise

    def _prepare(self, data: bytes, limits: Limits, largest: bool) -> _Prepared:
        picture = decode(data, limits=limits)
        pyramid = Pyramid(picture.pixels)
        faces = self._find(pyramid)
        face = self._single(faces[:1] if largest else faces, pyramid)
        if picture.reduction > 1 and self._embedder.finest_magnification(face) > 1:
            picture, pyramid, face = self._refine(data, limits, picture, face)
        _refuse_unusable(face, picture)
        # Whoever else is in the background has been found not to count.
        return picture, pyramid, face, assess(picture, face, faces=1)

    def _find(self, pyramid: Pyramid) -> tuple[Face, ...]:
        for detections in self._detector.search(pyramid):
            fitted = [self._fit(pyramid, detection) for detection in detections]
            if faces := tuple(face for face in fitted if face.mesh.presence >= PRESENCE):
                return faces
        return ()

    def _fit(self, pyramid: Pyramid, detection: Detection) -> Face:
        mesh = self._landmarker.fit(pyramid, detection)
        return Face(detection, mesh, head_pose(mesh.points))

    def _single(self, faces: tuple[Face, ...], pyramid: Pyramid) -> Face:
        if not faces:
            raise self._why_none(pyramid)
        if prominent(faces) > 1:
            raise SeveralFacesError("more than one face is in the picture")
        if faces[0].detection.score < DOUBTFUL and self._is_upside_down(pyramid, faces[0]):
            raise FaceNotUprightError("the picture is upside down")
        return faces[0]

    def _is_upside_down(self, pyramid: Pyramid, face: Face) -> bool:
        """Tell whether the detector is clearly surer of a face when the picture is turned.

        It finds upside-down heads too, and the mesh then takes hair for a chin.
        """
        turned = self._detector.detect(_turned(pyramid, 2))
        return any(d.score > face.detection.score + SURER for d in turned)

    def _why_none(self, pyramid: Pyramid) -> NoFaceError | FaceNotUprightError:
        """Look again with the picture turned: phones forget which way is up."""
        for turns in (1, 3, 2):
            turned = _turned(pyramid, turns)
            fitted = (self._fit(turned, d) for d in self._detector.detect(turned))
            if any(f.detection.score >= SURE and f.mesh.presence >= SURE for f in fitted):
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


def prominent(faces: Sequence[Face]) -> int:
    """Count the faces that are no bystanders; ``faces`` are sorted, largest first."""
    return sum(f.detection.box.width >= BYSTANDER * faces[0].detection.box.width for f in faces)


def _turned(pyramid: Pyramid, quarters: int) -> Pyramid:
    """Return a small version of the picture, turned; detection needs no more."""
    level = max(0, int(np.log2(max(pyramid.pixels.shape[:2]) / 256)))
    return Pyramid(np.ascontiguousarray(np.rot90(pyramid.level(level), quarters)))


def _refuse_unusable(face: Face, picture: Picture) -> None:
    if abs(face.pose.roll) > MOST_ROLL:
        raise FaceNotUprightError("the head lies on its side")
    if abs(face.pose.yaw) > MOST_YAW or abs(face.pose.pitch) > MOST_PITCH:
        raise FaceTurnedAwayError("the face is turned too far away")
    if frontal_eye_distance(face) * picture.reduction < SMALLEST_EYE_DISTANCE:
        raise FaceTooSmallError("the face has too few pixels")


def _scaled(detection: Detection, factor: float) -> Detection:
    box = detection.box
    return Detection(
        Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor),
        detection.score,
        (detection.keypoints * factor).astype(np.float32),
    )
