from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.meshes import head

from menshen.actors import Actor, Pose, Scene, cast, render
from menshen.actors.clips import clip, film
from menshen.errors import ModelFileError
from menshen.faces.engine import Engine
from menshen.faces.models.pack import Pack
from menshen.faces.records import Box, Detection, HeadPose, Mesh, Picture, Pixels
from menshen.liveness.observe import FOLLOWED, Observer, Track, lip_opening, moved
from menshen.liveness.records import Observation

ACTOR: Actor = cast()[0]


@pytest.fixture(scope="module")
def observer(basic_pack: Pack) -> Observer:
    return Observer.from_pack(basic_pack)


@pytest.fixture(scope="module")
def frames() -> tuple[Pixels, ...]:
    """An actor who turns to the left, at 6 frames a second."""
    return film(ACTOR, clip("turn_left", fps=6, seconds=1.5))


def see(
    observer: Observer, pixels: Pixels, last: Track | None = None
) -> tuple[Observation, Track | None]:
    return observer.observe(pixels, sequence=7, captured=1.5, received=2.5, last=last)


@pytest.mark.models
def test_a_frame_is_read_once_for_all_signals(observer: Observer) -> None:
    pixels = render(ACTOR)
    observation, track = see(observer, pixels)
    assert (observation.sequence, observation.captured, observation.received) == (7, 1.5, 2.5)
    assert observation.pixels is pixels
    assert observation.faces == 1
    assert observation.face is not None
    assert observation.eyes is not None
    assert observation.mouth is not None
    assert abs(observation.face.pose.yaw) < 6
    assert 0.15 < observation.eyes.openness < 0.45
    assert 0 <= observation.mouth < 0.1
    assert track is not None
    assert track.face is observation.face


@pytest.mark.models
def test_the_first_frame_is_seen_as_the_engine_sees_it(observer: Observer, engine: Engine) -> None:
    pixels = render(ACTOR)
    observation, _ = see(observer, pixels)
    (face,) = engine.find(Picture(pixels, (640, 480)))
    assert observation.face is not None
    assert np.allclose(observation.face.mesh.points, face.mesh.points, atol=1e-3)


@pytest.mark.models
def test_following_says_what_searching_says(observer: Observer, frames: tuple[Pixels, ...]) -> None:
    track: Track | None = None
    ages = []
    for pixels in frames:
        alone, _ = see(observer, pixels)
        followed, track = see(observer, pixels, track)
        assert track is not None
        assert followed.face is not None
        assert alone.face is not None
        ages.append(track.age)
        width = alone.face.detection.box.width
        gap = np.abs(followed.face.mesh.points - alone.face.mesh.points)[:, :2].mean()
        assert gap < 0.03 * width
        assert followed.face.pose.yaw == pytest.approx(alone.face.pose.yaw, abs=5)
        assert followed.face.detection.box.width == pytest.approx(width, rel=0.15)
    assert ages == [i % (FOLLOWED + 1) for i in range(len(frames))]


@pytest.mark.models
def test_a_lost_face_is_searched_for(observer: Observer) -> None:
    _, track = see(observer, render(ACTOR))
    there, _ = see(observer, render(ACTOR, scene=Scene(offset_x=-0.2)), track)
    assert there.face is not None
    assert there.face.detection.box.centre[0] < 250
    gone, nothing = see(observer, np.full((480, 640, 3), 90, np.uint8), track)
    assert (gone.faces, gone.face, gone.eyes, gone.mouth) == (0, None, None, None)
    assert nothing is None


@pytest.mark.models
def test_another_picture_size_is_not_followed_into(observer: Observer) -> None:
    _, track = see(observer, render(ACTOR))
    smaller, after = see(observer, render(ACTOR, scene=Scene(width=320, height=240)), track)
    assert smaller.face is not None
    assert after is not None
    assert (after.age, after.size) == (0, (320, 240))


@pytest.mark.models
def test_two_faces_are_counted(observer: Observer) -> None:
    one, other = (render(a, scene=Scene(distance=0.9)) for a in cast()[:2])
    both = np.concatenate([one[:, 120:520], other[:, 120:520]], axis=1)
    assert see(observer, both)[0].faces == 2


@pytest.mark.models
@pytest.mark.parametrize(("yaw", "pitch"), [(25, 0), (-25, 0), (0, 15), (0, -10)])
def test_turns_read_true(observer: Observer, yaw: float, pitch: float) -> None:
    ahead, turned = (
        see(observer, render(ACTOR, pose=pose))[0].face for pose in (Pose(), Pose(yaw, pitch))
    )
    assert ahead is not None
    assert turned is not None
    assert turned.pose.yaw - ahead.pose.yaw == pytest.approx(yaw, abs=5)
    assert turned.pose.pitch - ahead.pose.pitch == pytest.approx(pitch, abs=5)


def test_a_pack_without_an_iris_network_is_refused(basic_pack: Pack) -> None:
    models = tuple(m for m in basic_pack.manifest.models if m.role != "iris")
    manifest = basic_pack.manifest.model_copy(update={"models": models})
    with pytest.raises(ModelFileError):
        Observer.from_pack(dataclasses.replace(basic_pack, manifest=manifest))


@given(
    turn=st.floats(-45, 45),
    scale=st.floats(0.5, 2),
    x=st.floats(-200, 200),
    y=st.floats(-200, 200),
)
def test_a_detection_moves_with_the_mesh(turn: float, scale: float, x: float, y: float) -> None:
    points = head()
    keypoints = points[[33, 263, 1, 13, 127, 356], :2]
    a = np.radians(turn)
    spin = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * scale
    after = points.copy()
    after[:, :2] = points[:, :2] @ spin.T + [x, y]
    before = Detection(Box(260, 180, 120, 120), 0.9, keypoints)
    now = moved(before, before=Mesh(points, 1.0), now=Mesh(after, 1.0))
    assert np.allclose(now.keypoints, keypoints @ spin.T + [x, y], atol=0.1)
    assert now.box.width == pytest.approx(120 * scale, rel=1e-3)
    assert now.box.centre == pytest.approx(tuple(spin @ [320, 240] + [x, y]), abs=0.2)


def test_the_opening_of_the_lips_ignores_size_and_turning() -> None:
    points = head()
    points[14, 1] += 20
    near = points.copy()
    near *= 2
    assert lip_opening(near) == pytest.approx(lip_opening(points))
    assert lip_opening(points) > lip_opening(head()) + 0.05
    assert lip_opening(head(HeadPose(20, 0, 0))) == pytest.approx(lip_opening(head()), abs=0.02)
