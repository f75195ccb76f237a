import numpy as np
import pytest

from menshen.actors.geometry import (
    encode_albedo,
    noise,
    rotation,
    smoothstep,
    to_linear,
    unit,
    vertex_normals,
)

NOSE = np.array([0.0, 0.0, -1.0])  # towards the camera, image axes


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [
        ({"yaw": 20}, 0, 1),
        ({"yaw": -20}, 0, -1),
        ({"pitch": 20}, 1, 1),
        ({"pitch": -20}, 1, -1),
    ],
)
def test_the_nose_goes_where_the_angle_says(angles: dict[str, float], axis: int, sign: int) -> None:
    moved = rotation(**angles) @ NOSE
    assert moved[axis] * sign == pytest.approx(np.sin(np.radians(20)), abs=1e-6)


def test_roll_is_clockwise_on_the_screen() -> None:
    right = rotation(roll=30) @ [1.0, 0.0, 0.0]
    assert right[1] == pytest.approx(0.5, abs=1e-6)


def test_rotations_keep_lengths_and_handedness() -> None:
    turn = rotation(yaw=33, pitch=-12, roll=71)
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(turn) == pytest.approx(1.0, abs=1e-5)


def test_smoothstep_rises_and_falls() -> None:
    assert smoothstep(0.0, 2.0, np.array([-1.0, 0.0, 1.0, 2.0, 3.0])).tolist() == [0, 0, 0.5, 1, 1]
    assert smoothstep(2.0, 0.0, np.array([-1.0, 3.0])).tolist() == [1, 0]


def test_unit_leaves_zero_alone() -> None:
    assert np.allclose(
        unit([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]), np.array([[0.6, 0.8, 0], [0, 0, 0]])
    )


def test_normals_of_a_square_and_of_a_lone_vertex() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    normals = vertex_normals(points, faces)
    assert np.allclose(normals[:4], [0, 0, 1])
    assert np.allclose(normals[4], 0)


def test_noise_is_unit_seeded_and_closes_round_the_head() -> None:
    first = noise((64, 128), rng=np.random.default_rng(1), cells=(4, 8))
    again = noise((64, 128), rng=np.random.default_rng(1), cells=(4, 8))
    other = noise((64, 128), rng=np.random.default_rng(2), cells=(4, 8))
    assert first.shape == (64, 128)
    assert first.std() == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    step = np.abs(np.diff(first, axis=1)).max()
    assert np.abs(first[:, 0] - first[:, -1]).max() <= 3 * step


def test_colours_are_coded_and_decoded() -> None:
    assert np.allclose(to_linear([0, 255]), [0, 1])
    coded = encode_albedo(np.array([0.0, 0.25, 1.0, 2.0]))
    assert coded.tolist() == [0, 128, 255, 255]
