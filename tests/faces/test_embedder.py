from __future__ import annotations

import numpy as np
import pytest

from menshen.faces.embedder import Embedder, unit
from menshen.faces.models.manifest import Crop, Recogniser
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Box, Detection, Face, Floats, HeadPose, Mesh

CROP = Crop(
    size=32, landmarks=((33,), (263,), (1,)), targets=((0.25, 0.25), (0.75, 0.25), (0.5, 0.6))
)


def recogniser(**changes: object) -> Recogniser:
    fields: dict[str, object] = {
        "model": "m",
        "output": "out",
        "features": 16,
        "weight": 1.0,
        "channels": "rgb",
        "crops": (CROP,),
    }
    return Recogniser.model_validate(fields | changes)


def face(x: float = 40, y: float = 40, eyes: float = 16) -> Face:
    points = np.zeros((468, 3), np.float32)
    points[33], points[263] = (x, y, 0), (x + eyes, y, 0)
    points[1] = (x + eyes / 2, y + eyes * 0.7, 0)
    box = Detection(Box(x, y, 40, 40), 0.9, np.zeros((6, 2), np.float32))
    return Face(box, Mesh(points, 1.0), HeadPose(0, 0, 0))


class Recorder:
    """A network whose features are means over 16 squares of its input's first channel."""

    def __init__(self) -> None:
        self.seen: list[Floats] = []

    def run(self, tensor: Floats) -> dict[str, Floats]:
        self.seen.append(tensor.copy())
        squares = tensor[:, 0].reshape(-1, 4, 8, 4, 8).mean((2, 4)).reshape(-1, 16)
        return {"out": squares.astype(np.float32)}


def embedder(network: Recorder, *parts: Recogniser) -> Embedder:
    return Embedder(parts, [network] * len(parts), contract="c")  # type: ignore[list-item]


@pytest.fixture
def pyramid() -> Pyramid:
    return Pyramid(np.random.default_rng(5).integers(0, 256, (100, 120, 3), np.uint8))


def test_one_unit_vector_for_each_crop(pyramid: Pyramid) -> None:
    parts = (recogniser(crops=(CROP, CROP), weight=0.5), recogniser(weight=0.5))
    (template,) = embedder(Recorder(), *parts).embed([(pyramid, face())])
    assert len(template.features) == 3
    assert template.contract == "c"
    for part in template.features:
        assert part.dtype == np.float32
        assert np.linalg.norm(part) == pytest.approx(1, abs=1e-6)


def test_a_batch_gives_what_single_calls_give(pyramid: Pyramid) -> None:
    faces = [(pyramid, face(30)), (pyramid, face(50, 30)), (pyramid, face(45, 20, 20))]
    together = embedder(Recorder(), recogniser()).embed(faces)
    for pair, template in zip(faces, together, strict=True):
        (alone,) = embedder(Recorder(), recogniser()).embed([pair])
        assert np.allclose(alone.features[0], template.features[0])
    assert embedder(Recorder(), recogniser()).embed([]) == ()


def test_the_mirror_image_counts_as_much(pyramid: Pyramid) -> None:
    network = Recorder()
    embedder(network, recogniser()).embed([(pyramid, face())])
    (batch,) = network.seen
    assert batch.shape == (2, 3, 32, 32)
    assert np.array_equal(batch[0], batch[1][..., ::-1])
    plain = Recorder()
    embedder(plain, recogniser(mirror=False)).embed([(pyramid, face())])
    assert plain.seen[0].shape == (1, 3, 32, 32)


def test_mirroring_the_chip_changes_nothing(pyramid: Pyramid) -> None:
    """Mirror-averaged features cannot tell a picture from its mirror image."""
    network = Recorder()
    (template,) = embedder(network, recogniser()).embed([(pyramid, face())])
    squares = template.features[0].reshape(4, 4)
    assert np.allclose(squares, squares[:, ::-1], atol=1e-6)


def test_channel_order_mean_and_scale(pyramid: Pyramid) -> None:
    rgb, bgr, scaled = Recorder(), Recorder(), Recorder()
    embedder(rgb, recogniser()).embed([(pyramid, face())])
    embedder(bgr, recogniser(channels="bgr")).embed([(pyramid, face())])
    embedder(scaled, recogniser(mean=(10, 20, 30), scale=2)).embed([(pyramid, face())])
    assert np.array_equal(rgb.seen[0], bgr.seen[0][:, ::-1])
    expected = (rgb.seen[0] - np.array([10, 20, 30]).reshape(1, 3, 1, 1)) / 2
    assert np.allclose(scaled.seen[0], expected)


def test_magnification_tells_when_detail_is_missing() -> None:
    one = embedder(Recorder(), recogniser())
    assert one.finest_magnification(face(eyes=16)) == pytest.approx(1, rel=0.01)
    assert one.finest_magnification(face(eyes=4)) == pytest.approx(4, rel=0.01)


def test_a_zero_vector_stays_zero() -> None:
    assert not unit(np.zeros(4, np.float32)).any()
    assert unit(np.array([3, 4], np.float32)).tolist() == pytest.approx([0.6, 0.8])
