"""The whole assessment, on a drawn face, a public portrait and people who do not exist."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.actors.people import cast
from menshen.actors.renderer import render
from menshen.actors.scene import Pose
from menshen.faces.engine import Engine
from menshen.faces.quality import Quality, assess
from menshen.faces.records import HeadPose, Picture, Pixels

Draw = Callable[..., Any]

NAMES = {
    "sharpness": "0x49",
    "luminance-mean": "0x44",
    "luminance-variance": "0x45",
    "under-exposure-prevention": "0x46",
    "over-exposure-prevention": "0x47",
    "illumination-uniformity": "0x43",
    "natural-colour": "0x4b",
    "single-face-present": "0x4c",
    "inter-eye-distance": "0x52",
    "head-size": "0x53",
    "leftward-crop-of-the-face-image": "0x54",
    "rightward-crop-of-the-face-image": "0x55",
    "downward-crop-of-the-face-image": "0x56",
    "upward-crop-of-the-face-image": "0x57",
    "head-pose-yaw": "0x58",
    "head-pose-pitch": "0x59",
    "head-pose-roll": "0x5a",
    "eyes-open": "0x4d",
    "mouth-closed": "0x4e",
    "compression-artifacts": "0x4a",
}


def picture_of(pixels: Pixels) -> Picture:
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]))


def inspected(engine: Engine, pixels: Any) -> Quality:
    picture = picture_of(np.ascontiguousarray(pixels, np.uint8))
    faces = engine.find(picture)
    assert faces, "the face was found"
    return assess(picture, faces[0], faces=len(faces))


@pytest.fixture(scope="module")
def portrait() -> Pixels:
    """The public-domain portrait of an astronaut that scikit-image carries, cut to her head."""
    pixels: Pixels = np.ascontiguousarray(skimage.data.astronaut()[:320, 60:380])
    return pixels


def test_every_component_is_there_with_the_number_of_the_reference(drawn: Draw) -> None:
    one = drawn()
    quality = assess(one.picture, one.face, faces=1)
    assert [c.name for c in quality.components] == list(NAMES)
    for component in quality.components:
        assert f"({NAMES[component.name]})" in component.clause
        assert "ISO/IEC 29794-5:2025" in component.clause


def test_every_component_speaks_both_languages(drawn: Draw) -> None:
    one = drawn()
    for component in assess(one.picture, one.face, faces=1).components:
        for chinese in (component.tip_zh, component.label_zh):
            assert re.search("[\u4e00-\u9fff]", chinese)
        for english in (component.tip_en, component.label_en):
            assert english.isascii()
            assert 0 < len(english) < 80
        assert component.unit


def test_overall_is_the_worst_critical_component(drawn: Draw) -> None:
    one = drawn(pose=HeadPose(35, 0, 0))
    quality = assess(one.picture, one.face, faces=1)
    assert quality.overall == quality.component("head-pose-yaw").value
    assert quality.overall == min(c.value for c in quality.components if c.critical)


def test_company_makes_a_picture_useless_but_not_light(drawn: Draw) -> None:
    one = drawn()
    alone, crowded = (assess(one.picture, one.face, faces=n) for n in (1, 2))
    assert alone.usable
    assert not crowded.usable
    assert crowded.weight == alone.weight


@pytest.mark.parametrize("faces", [0, -1])
def test_a_face_has_been_counted(drawn: Draw, faces: int) -> None:
    one = drawn()
    with pytest.raises(ValueError, match="counted"):
        assess(one.picture, one.face, faces=faces)


def test_a_good_portrait_is_good(engine: Engine, portrait: Pixels) -> None:
    quality = inspected(engine, portrait)
    assert quality.overall > 70
    assert min(c.value for c in quality.components) > 70
    assert quality.tips() == ()
    assert quality.weight > 0.9


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("sharpness", lambda p: cv2.GaussianBlur(p, (0, 0), 2.2)),
        ("luminance-mean", lambda p: p * 0.12),
        ("under-exposure-prevention", lambda p: p * 0.12),
        ("over-exposure-prevention", lambda p: np.clip(p * 1.7, 0, 255)),
        (
            "illumination-uniformity",
            lambda p: p * np.linspace(1.6, -0.4, 320).clip(0.1, 1)[:, None],
        ),
        ("natural-colour", lambda p: np.repeat(p.mean(axis=2, keepdims=True), 3, axis=2)),
        ("inter-eye-distance", lambda p: cv2.resize(p, (128, 128), interpolation=cv2.INTER_AREA)),
        ("leftward-crop-of-the-face-image", lambda p: p[:, 135:]),
    ],
)
def test_a_spoilt_portrait_says_what_is_wrong(
    engine: Engine, portrait: Pixels, name: str, spoil: Callable[[Any], Any]
) -> None:
    before = inspected(engine, portrait)
    after = inspected(engine, spoil(portrait))
    assert before.component(name).value > 70
    assert after.component(name).value < 30
    assert after.component(name).tip_en in {c.tip_en for c in after.tips(limit=4)}


def test_weight_falls_with_quality(engine: Engine, portrait: Pixels) -> None:
    weights = [
        inspected(engine, image).weight
        for image in (portrait, portrait * 0.25, cv2.GaussianBlur(portrait, (0, 0), 2.5))
    ]
    assert weights[0] > weights[1] > weights[2]


@pytest.mark.parametrize("index", [0, 5, 11])
def test_actors_are_good_samples(engine: Engine, index: int) -> None:
    actor = cast()[index]
    assert inspected(engine, render(actor)).overall > 60
    turned = inspected(engine, render(actor, pose=Pose(yaw=30)))
    assert turned.tips(limit=1)[0].name == "head-pose-yaw"


def test_an_actor_who_blinks_or_yawns(engine: Engine) -> None:
    actor = cast()[1]
    resting = inspected(engine, render(actor))
    blinking = inspected(engine, render(actor, pose=Pose(blink=1)))
    yawning = inspected(engine, render(actor, pose=Pose(mouth=1)))
    assert blinking.component("eyes-open").measure < 0.8 * resting.component("eyes-open").measure
    assert yawning.component("mouth-closed").value < 50 < resting.component("mouth-closed").value


@settings(max_examples=60, deadline=None)
@given(
    yaw=st.floats(-180, 180),
    pitch=st.floats(-90, 90),
    roll=st.floats(-180, 180),
    scale=st.floats(0.001, 300),
    x=st.floats(-3000, 3000),
    y=st.floats(-3000, 3000),
    size=st.tuples(st.integers(64, 300), st.integers(64, 300)),
)
def test_no_mesh_breaks_the_assessment(
    drawn: Draw,
    yaw: float,
    pitch: float,
    roll: float,
    scale: float,
    x: float,
    y: float,
    size: tuple[int, int],
) -> None:
    one = drawn(pose=HeadPose(yaw, pitch, roll), scale=scale, centre=(x, y), size=size)
    quality = assess(one.picture, one.face, faces=1)
    assert 0 <= quality.overall <= 100
    assert 0 < quality.weight <= 1
    for component in quality.components:
        assert 0 <= component.value <= 100
        assert math.isfinite(component.measure)
