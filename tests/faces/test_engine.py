"""The pipeline as a whole, on one public-domain astronaut (from scikit-image) and actors."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from menshen.actors import Pose, cast, render
from menshen.errors import (
    FaceError,
    FaceNotUprightError,
    FaceTooSmallError,
    FaceTurnedAwayError,
    NoFaceError,
    SeveralFacesError,
)
from menshen.faces.decode import decode
from menshen.faces.engine import Engine
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.faces.quality.crop import frontal_eye_distance
from menshen.faces.records import Picture, Pixels
from menshen.faces.scores import part_weights, similarity

pytestmark = pytest.mark.models


def jpeg(pixels: Pixels, quality: int = 92) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def on_canvas(pixels: Pixels, size: tuple[int, int], at: tuple[int, int]) -> Pixels:
    canvas = np.full((size[1], size[0], 3), 120, np.uint8)
    height, width = pixels.shape[:2]
    canvas[at[1] : at[1] + height, at[0] : at[0] + width] = pixels
    return canvas


ASTRONAUT: Pixels = skimage.data.astronaut()


@pytest.fixture(scope="module")
def astronaut() -> bytes:
    return jpeg(ASTRONAUT)


@pytest.fixture(scope="module")
def weights(engine: Engine) -> tuple[float, ...]:
    return part_weights(engine.manifest)


def test_finds_the_astronaut(engine: Engine, astronaut: bytes) -> None:
    sample = engine.sample(astronaut)
    x, y = sample.face.detection.box.centre
    assert abs(x - 224) < 20
    assert abs(y - 115) < 25
    assert sample.face.mesh.presence > 0.9
    assert abs(sample.face.pose.roll) < 20
    assert sample.template.contract == engine.contract
    assert 0 < sample.template.weight <= 1
    for part in sample.template.features:
        assert np.linalg.norm(part) == pytest.approx(1, abs=1e-5)


def test_the_same_bytes_give_the_same_template(engine: Engine, astronaut: bytes) -> None:
    one, two = (engine.sample(astronaut).template for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.features, two.features, strict=True))


def test_a_batch_gives_what_single_calls_give(
    engine: Engine, astronaut: bytes, weights: tuple[float, ...]
) -> None:
    actor = jpeg(render(cast()[0]))
    together = engine.samples([astronaut, actor])
    for data, sample in zip((astronaut, actor), together, strict=True):
        alone = engine.sample(data).template
        assert similarity(alone, sample.template, weights=weights) == pytest.approx(1, abs=1e-5)


def test_the_same_person_is_more_alike_than_another(
    engine: Engine, weights: tuple[float, ...]
) -> None:
    first, second = cast()[:2]
    front, turned, other = (
        engine.sample(jpeg(render(actor, pose=pose))).template
        for actor, pose in ((first, Pose()), (first, Pose(yaw=12, mouth=0.3)), (second, Pose()))
    )
    same = similarity(front, turned, weights=weights)
    different = similarity(front, other, weights=weights)
    assert same > different + 0.04


@pytest.mark.parametrize("side", [1024, 2048, 4096])
def test_size_hardly_matters(
    engine: Engine, astronaut: bytes, weights: tuple[float, ...], side: int
) -> None:
    large = engine.sample(jpeg(resized(ASTRONAUT, (side, side))))
    small = engine.sample(astronaut)
    assert large.picture.full_size == (side, side)
    assert similarity(small.template, large.template, weights=weights) > 0.985


def test_a_small_face_in_a_big_photo_is_read_at_full_size(
    engine: Engine, astronaut: bytes, weights: tuple[float, ...]
) -> None:
    """The photo is decoded at a quarter; the face in it then lacks detail, so it is read again."""
    photo = jpeg(on_canvas(ASTRONAUT, (4000, 3000), (1700, 1200)))
    sample = engine.sample(photo)
    assert sample.picture.reduction == 1
    reference = engine.sample(astronaut).template
    assert similarity(reference, sample.template, weights=weights) > 0.97


def test_threads_share_one_engine(basic_pack: Pack, astronaut: bytes) -> None:
    reads: list[str] = []

    def read(model: str) -> NetworkBytes:
        reads.append(model)
        return basic_pack.read(model)

    pack = Pack(basic_pack.manifest, basic_pack.contract, basic_pack.table, read)
    engine = Engine(pack, threads=2)
    assert not reads
    features: list[bytes] = []

    def work() -> None:
        features.append(engine.sample(astronaut).template.features[0].tobytes())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(features)) == 1
    assert len(features) == 6
    assert sorted(reads) == ["blazeface-short", "dlib-resnet", "face-mesh"]


def test_load_reads_what_a_comparison_needs(basic_pack: Pack) -> None:
    reads: list[str] = []

    def read(model: str) -> NetworkBytes:
        reads.append(model)
        return basic_pack.read(model)

    engine = Engine(Pack(basic_pack.manifest, basic_pack.contract, "", read))
    engine.load()
    engine.load()
    assert sorted(reads) == ["blazeface-short", "dlib-resnet", "face-mesh"]


def test_finds_two_faces_largest_first(engine: Engine) -> None:
    both = np.full((480, 1000, 3), 120, np.uint8)
    both[:, :500] = render(cast()[0])[:, 70:570]
    both[60:420, 510:990] = resized(render(cast()[1]), (480, 360))
    faces = engine.find(Picture(both, (1000, 480)))
    assert len(faces) == 2
    assert faces[0].detection.box.width > faces[1].detection.box.width


def cat() -> bytes:
    return jpeg(skimage.data.chelsea())


def noise() -> bytes:
    return jpeg(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8))


def two() -> bytes:
    pair = np.concatenate([render(cast()[0])[:, 120:520], render(cast()[1])[:, 120:520]], 1)
    return jpeg(pair)


def tiny() -> bytes:
    return jpeg(on_canvas(resized(ASTRONAUT, (170, 170)), (400, 400), (70, 70)))


def on_its_side() -> bytes:
    return jpeg(np.ascontiguousarray(np.rot90(render(cast()[0]))))


def upside_down() -> bytes:
    return jpeg(np.ascontiguousarray(np.rot90(render(cast()[0]), 2)))


def rolled_89() -> bytes:
    image = Image.fromarray(render(cast()[0])[:, 80:560]).rotate(89, fillcolor=(120, 120, 120))
    return jpeg(np.asarray(image))


def turned_away() -> bytes:
    return jpeg(render(cast()[0], pose=Pose(yaw=62)))


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (cat, (NoFaceError,)),
        (noise, (NoFaceError,)),
        (lambda: jpeg(np.full((300, 300, 3), 200, np.uint8)), (NoFaceError,)),
        (two, (SeveralFacesError,)),
        (tiny, (FaceTooSmallError,)),
        (on_its_side, (FaceNotUprightError,)),
        (upside_down, (FaceNotUprightError,)),
        (rolled_89, (FaceNotUprightError,)),
        # At 62 degrees the detector may still see a face, or none: both are refusals.
        (turned_away, (FaceTurnedAwayError, NoFaceError)),
    ],
    ids=["cat", "noise", "blank", "two", "tiny", "side", "upside-down", "rolled-89", "away"],
)
def test_refuses_what_is_no_usable_face(
    engine: Engine, make: Callable[[], bytes], kinds: tuple[type[FaceError], ...]
) -> None:
    with pytest.raises(FaceError) as caught:
        engine.sample(make())
    assert isinstance(caught.value, kinds)
    assert caught.value.advice


def test_the_error_names_the_picture(engine: Engine, astronaut: bytes) -> None:
    with pytest.raises(NoFaceError) as caught:
        engine.samples([astronaut, cat()])
    assert caught.value.index == 1


def test_eye_distance_is_in_picture_pixels(engine: Engine, astronaut: bytes) -> None:
    small = engine.find(decode(astronaut))[0]
    double = engine.find(decode(jpeg(resized(ASTRONAUT, (1024, 1024))), reduce=False))[0]
    assert frontal_eye_distance(double) / frontal_eye_distance(small) == pytest.approx(2, rel=0.05)


def test_the_largest_face_can_be_asked_for(engine: Engine, weights: tuple[float, ...]) -> None:
    """Labelled pictures for an evaluation have their person in front, and others about."""
    company = np.full((480, 1000, 3), 120, np.uint8)
    company[:, :500] = render(cast()[0])[:, 70:570]
    company[60:420, 510:990] = resized(render(cast()[1]), (480, 360))
    with pytest.raises(SeveralFacesError):
        engine.sample(jpeg(company))
    chosen = engine.sample(jpeg(company), largest=True).template
    alone = [engine.sample(jpeg(render(actor))).template for actor in cast()[:2]]
    alike = [similarity(chosen, template, weights=weights) for template in alone]
    assert alike[0] > 0.95 > alike[1]


def test_somebody_in_the_background_is_no_second_face(engine: Engine) -> None:
    scene = render(cast()[0])
    scene[20:140, 10:170] = resized(render(cast()[1]), (160, 120))
    assert engine.sample(jpeg(scene)).quality.component("single-face-present").value == 100


def test_bfloat16_moves_templates_less_than_anybody_would_notice(
    basic_pack: Pack, astronaut: bytes, weights: tuple[float, ...]
) -> None:
    exact = Engine(basic_pack, precision="f32").sample(astronaut).template
    fast = Engine(basic_pack, precision="bf16").sample(astronaut).template
    assert similarity(exact, fast, weights=weights) > 0.9998


@pytest.mark.shared
def test_a_photo_of_two_people_is_refused(engine: Engine, shared_material: Path) -> None:
    data = (shared_material / "faces" / "person-a-and-b.jpg").read_bytes()
    with pytest.raises(SeveralFacesError):
        engine.sample(data)
