from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.meshes import head

from menshen.faces.models.pack import Pack
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Floats, HeadPose, Pixels
from menshen.liveness.iris import (
    LEFT_CORNERS,
    RIGHT_CORNERS,
    SIDE,
    WIDTHS,
    IrisReader,
    eye_transform,
)

PICTURE: Pixels = np.full((480, 640, 3), 128, np.uint8)


class Fixed:
    """A network that always sees the iris at one place, and the lids so far apart."""

    def __init__(self, x: float, opening: float) -> None:
        contour = np.zeros((71, 3), np.float32)
        contour[:16, 0] = SIDE / 2
        contour[0, 0], contour[8, 0] = 20, 40
        contour[[3, 4, 5], 1] = opening * 20
        self.outputs = {
            "output_eyes_contours_and_brows": contour.reshape(1, -1),
            "output_iris": np.tile(np.array([x, SIDE / 2, 0], np.float32), 5).reshape(1, -1),
        }
        self.seen: list[Floats] = []

    def run(self, tensor: Floats) -> dict[str, Floats]:
        self.seen.append(tensor)
        return self.outputs


@given(roll=st.floats(-60, 60), distance=st.floats(20, 100), left=st.booleans())
def test_the_corners_lie_level_about_the_middle(roll: float, distance: float, left: bool) -> None:
    points = head(HeadPose(0, 0, roll), distance=distance)
    corners = LEFT_CORNERS if left else RIGHT_CORNERS
    transform = eye_transform(points, corners, mirrored=not left)
    placed = points[list(corners), :2] @ transform[:, :2].T + transform[:, 2]
    half = SIDE / WIDTHS / 2
    across = [32 - half, 32 + half] if left else [32 + half, 32 - half]
    assert placed[:, 0] == pytest.approx(across, abs=1e-2)
    assert placed[:, 1] == pytest.approx([32, 32], abs=1e-2)


def test_both_eyes_are_shown_as_left_eyes_between_0_and_1() -> None:
    network = Fixed(SIDE / 2, 0.3)
    IrisReader(network).read(Pyramid(PICTURE), head())
    assert [tensor.shape for tensor in network.seen] == [(1, SIDE, SIDE, 3)] * 2
    assert all(tensor.max() == pytest.approx(128 / 255) for tensor in network.seen)


def test_openness_is_half_mesh_half_contour() -> None:
    wide, narrow = (
        IrisReader(Fixed(SIDE / 2, opening)).read(Pyramid(PICTURE), head()).openness
        for opening in (0.4, 0.0)
    )
    assert wide - narrow == pytest.approx(0.2)


def test_eyes_that_squint_towards_each_other_look_ahead() -> None:
    # Mirrored, the same place in both crops means opposite directions.
    assert IrisReader(Fixed(40, 0.3)).read(Pyramid(PICTURE), head()).gaze == pytest.approx(
        0, abs=5e-3
    )


def test_the_nearer_eye_of_a_turned_head_counts_more() -> None:
    # The nose points to the picture's right: the person's right eye shows wider.
    eyes = IrisReader(Fixed(40, 0.3)).read(Pyramid(PICTURE), head(HeadPose(35, 0, 0)))
    assert eyes.gaze < -0.01


def test_a_mesh_fallen_into_a_point_harms_nobody() -> None:
    eyes = IrisReader(Fixed(32, 0.3)).read(Pyramid(PICTURE), np.zeros((468, 3), np.float32))
    assert np.isfinite([eyes.openness, eyes.gaze]).all()


@pytest.mark.models
def test_the_network_sees_where_an_actor_looks_and_that_they_blink(basic_pack: Pack) -> None:
    from menshen.actors import Pose, cast, render
    from menshen.liveness.observe import Observer

    observer = Observer.from_pack(basic_pack)
    poses = [Pose(), Pose(gaze=25), Pose(gaze=-25), Pose(blink=1.0)]
    seen = []
    for pose in poses:
        frame = render(cast()[3], pose=pose)
        observation, _ = observer.observe(frame, sequence=0, captured=0, received=0)
        assert observation.eyes is not None
        seen.append(observation.eyes)
    ahead, right, left, shut = seen
    assert left.gaze < ahead.gaze - 0.06 < ahead.gaze + 0.06 < right.gaze
    assert shut.openness < 0.76 * ahead.openness
