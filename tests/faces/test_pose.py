"""Head pose: rotate the canonical face by known angles and read them back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces.pose import canonical_face, head_pose, rotation_matrix
from menshen.faces.records import Floats, HeadPose

NOSE_TIP, CHIN, FOREHEAD, RIGHT_EYE, LEFT_EYE = 1, 152, 10, 33, 263

yaws = st.floats(-85, 85)
pitches = st.floats(-75, 75)
rolls = st.floats(-175, 175)


def posed(pose: HeadPose, *, scale: float = 10, shift: tuple[float, float] = (300, 200)) -> Floats:
    turned = canonical_face().vertices @ rotation_matrix(pose).T.astype(np.float32)
    points: Floats = (turned * scale + np.array([*shift, 0])).astype(np.float32)
    return points


def as_array(pose: HeadPose) -> Floats:
    return np.array([pose.yaw, pose.pitch, pose.roll], np.float32)


def test_canonical_face_is_a_frontal_face_in_picture_axes() -> None:
    face = canonical_face()
    assert face.vertices.shape == (468, 3)
    assert face.triangles.shape == (898, 3)
    assert face.triangles.min() == 0
    assert face.triangles.max() == 467
    assert face.weights.sum() == pytest.approx(1)
    assert (face.weights >= 0).all()
    x, y, z = face.vertices.T
    assert x[RIGHT_EYE] < 0 < x[LEFT_EYE]
    assert y[FOREHEAD] < y[NOSE_TIP] < y[CHIN]
    assert z[NOSE_TIP] < z[FOREHEAD], "the nose is nearest the camera"


def test_canonical_face_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        canonical_face().vertices[0, 0] = 1


def test_frontal_is_zero() -> None:
    assert as_array(head_pose(posed(HeadPose(0, 0, 0)))) == pytest.approx([0, 0, 0], abs=1e-3)


@given(yaws, pitches, rolls)
def test_known_angles_are_read_back(yaw: float, pitch: float, roll: float) -> None:
    expected = HeadPose(yaw, pitch, roll)
    assert as_array(head_pose(posed(expected))) == pytest.approx(as_array(expected), abs=0.01)


@given(st.floats(0.5, 200), st.floats(-4000, 4000), st.floats(-4000, 4000))
def test_size_and_place_do_not_matter(scale: float, x: float, y: float) -> None:
    pose = head_pose(posed(HeadPose(20, -10, 5), scale=scale, shift=(x, y)))
    assert as_array(pose) == pytest.approx([20, -10, 5], abs=0.1)


@pytest.mark.parametrize(
    ("pose", "axis", "sign"),
    [
        (HeadPose(30, 0, 0), 0, 1),
        (HeadPose(-30, 0, 0), 0, -1),
        (HeadPose(0, 30, 0), 1, 1),
        (HeadPose(0, -30, 0), 1, -1),
    ],
)
def test_signs_where_the_nose_points(pose: HeadPose, axis: int, sign: int) -> None:
    points = posed(pose)
    nose_from_eyes = points[NOSE_TIP] - (points[RIGHT_EYE] + points[LEFT_EYE]) / 2
    frontal = posed(HeadPose(0, 0, 0))
    resting = frontal[NOSE_TIP] - (frontal[RIGHT_EYE] + frontal[LEFT_EYE]) / 2
    assert np.sign(nose_from_eyes[axis] - resting[axis]) == sign


def test_positive_roll_is_clockwise_in_the_picture() -> None:
    points = posed(HeadPose(0, 0, 20))
    assert points[LEFT_EYE, 1] > points[RIGHT_EYE, 1], "the eye at the image right goes down"
    assert points[FOREHEAD, 0] > points[CHIN, 0], "the top of the head goes to the right"


def test_noise_of_a_pixel_moves_pose_by_little() -> None:
    rng = np.random.default_rng(1)
    points = posed(HeadPose(15, 5, -8), scale=12)
    noisy = (points + rng.normal(0, 1, points.shape)).astype(np.float32)
    assert as_array(head_pose(noisy)) == pytest.approx([15, 5, -8], abs=1.5)


def test_expression_does_not_move_pose() -> None:
    points = posed(HeadPose(10, 5, 0))
    lips = [13, 14, 17, 87, 317, 82, 312, 0]
    opened = points.copy()
    opened[lips, 1] += 25
    assert as_array(head_pose(opened)) == pytest.approx(as_array(head_pose(points)), abs=1e-4)


def test_a_flat_mesh_still_gives_a_finite_pose() -> None:
    flat = posed(HeadPose(0, 0, 0))
    flat[:, 2] = 0
    assert np.isfinite(as_array(head_pose(flat))).all()
    assert np.isfinite(as_array(head_pose(np.zeros((468, 3), np.float32)))).all()


def test_a_mirrored_mesh_is_no_reflection() -> None:
    mirrored = posed(HeadPose(0, 0, 0)) * np.array([1, 1, -1], np.float32)
    pose = head_pose(mirrored)
    assert np.linalg.det(rotation_matrix(pose)) == pytest.approx(1)


@pytest.mark.parametrize("shape", [(468, 2), (478, 3), (0, 3), (468,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="468"):
        head_pose(np.zeros(shape, np.float32))
