from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.meshes import SIZE, head

from menshen.faces.pose import head_pose
from menshen.faces.records import HeadPose
from menshen.liveness.camera_pose import camera_pose, in_space

angles = st.floats(-40, 40)


@given(
    yaw=angles,
    pitch=st.floats(-30, 30),
    roll=angles,
    distance=st.floats(30, 100),
    x=st.floats(-8, 8),
)
def test_reads_the_pose_anywhere_before_the_camera(
    yaw: float, pitch: float, roll: float, distance: float, x: float
) -> None:
    pose = camera_pose(head(HeadPose(yaw, pitch, roll), distance=distance, x=x), size=SIZE)
    assert pose.yaw == pytest.approx(yaw, abs=1.5)
    assert pose.pitch == pytest.approx(pitch, abs=1.5)
    assert pose.roll == pytest.approx(roll, abs=1.5)


def test_without_perspective_a_face_off_the_middle_reads_as_turned() -> None:
    points = head(distance=40, x=8)
    assert abs(head_pose(points).yaw) > 5
    assert abs(camera_pose(points, size=SIZE).yaw) < 1


def test_back_in_space_a_head_has_its_own_shape() -> None:
    near, far = (in_space(head(distance=d), size=SIZE) for d in (35, 90))
    near, far = (np.asarray(p - p.mean(0)) for p in (near, far))
    assert np.allclose(near / np.linalg.norm(near), far / np.linalg.norm(far), atol=2e-3)
