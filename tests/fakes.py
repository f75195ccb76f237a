"""A verifier without networks: real decoding, real policy and calibration, invented faces.

The face is the picture's colour: two pictures mostly red are one person. A nearly black picture
has no face, one twice as wide as high has two. So HTTP tests need no model pack and no time.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from menshen.errors import FaceError, NoFaceError, PictureError, SeveralFacesError
from menshen.faces.calibration import CalibrationTable
from menshen.faces.decode import Limits, decode
from menshen.faces.engine import Engine, Sample
from menshen.faces.models.manifest import PackManifest, parse
from menshen.faces.quality import assess
from menshen.faces.records import Box, Detection, Face, HeadPose, Mesh, Picture, Template
from menshen.verification.compare import Verifier

MANIFEST = Path(__file__).parents[1] / "src/menshen/faces/models/packs/standard.toml"
CONTRACT = "c0ffee00" * 8
TABLE = """similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs
0.0,500000,1000000,0,10000
0.5,5000,1000000,20,10000
0.7,500,1000000,60,10000
0.9,1,1000000,150,10000
"""


class FakeEngine:
    """Stands in for Engine; ``gate`` can be closed to keep work waiting."""

    def __init__(self) -> None:
        self.contract = CONTRACT
        self.manifest: PackManifest = parse(MANIFEST.read_text("utf-8"))
        self.gate = threading.Event()
        self.gate.set()
        self.failure: Exception | None = None

    def find(self, picture: Picture) -> tuple[Face, ...]:
        self.gate.wait(30)
        if self.failure:
            raise self.failure
        if picture.pixels.mean() < 8:
            return ()
        height, width = picture.pixels.shape[:2]
        face = _face(height)
        return (face, face) if width >= 2 * height else (face,)

    def samples(
        self, pictures: Sequence[bytes], *, limits: Limits | None = None
    ) -> tuple[Sample, ...]:
        return tuple(self._sample(i, data, limits) for i, data in enumerate(pictures))

    def _sample(self, index: int, data: bytes, limits: Limits | None) -> Sample:
        try:
            picture = decode(data, limits=limits)
            faces = self.find(picture)
            if not faces:
                raise NoFaceError("no face was found in the picture")
            if len(faces) > 1:
                raise SeveralFacesError("more than one face is in the picture")
        except (PictureError, FaceError) as error:
            error.index = index
            raise
        quality = assess(picture, faces[0], faces=1)
        return Sample(picture, faces[0], quality, _template(picture))


def _face(side: int) -> Face:
    rng = np.random.default_rng(7)
    points = rng.uniform(0.3 * side, 0.7 * side, (468, 3)).astype(np.float32)
    # Eye corners where the quality measures look for them.
    for index, (x, y) in {
        33: (0.36, 0.45),
        133: (0.45, 0.45),
        362: (0.55, 0.45),
        263: (0.64, 0.45),
    }.items():
        points[index, :2] = x * side, y * side
    box = Box(0.25 * side, 0.25 * side, 0.5 * side, 0.5 * side)
    keypoints = np.full((6, 2), 0.5 * side, np.float32)
    return Face(Detection(box, 0.98, keypoints), Mesh(points, 0.99), HeadPose(1.0, 2.0, 0.5))


def _template(picture: Picture) -> Template:
    colour = picture.pixels.reshape(-1, 3).mean(0)
    vector = np.zeros(16, np.float32)
    vector[:3] = colour / np.linalg.norm(colour)
    return Template(CONTRACT, (vector, vector, vector))


def fake_engine(verifier: Verifier) -> FakeEngine:
    return cast("FakeEngine", verifier.engine)


def fake_verifier() -> Verifier:
    engine = cast("Engine", FakeEngine())
    return Verifier(engine, CalibrationTable.parse(TABLE), "a table made up for tests")


def picture(
    colour: tuple[int, int, int] = (200, 40, 30),
    *,
    size: tuple[int, int] = (160, 160),
    kind: str = "JPEG",
) -> bytes:
    """Return the bytes of a plain picture in ``colour`` with some texture."""
    rng = np.random.default_rng(3)
    noise = rng.integers(-6, 7, (size[1], size[0], 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


RED, CRIMSON, BLUE, BLACK = (200, 40, 30), (190, 52, 44), (30, 50, 200), (0, 0, 0)
