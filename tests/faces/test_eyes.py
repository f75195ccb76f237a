"""Eye and mouth aspect ratios on the canonical face and on faces drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces import contours
from menshen.faces.eyes import eye_aspect_ratios, eye_centres, mouth_aspect_ratio
from menshen.faces.pose import canonical_face
from menshen.faces.records import Floats

RIGHT = (33, 160, 158, 133, 153, 144)
LEFT = (362, 385, 387, 263, 373, 380)


def face_with_eye(indices: tuple[int, ...], *, height: float, width: float) -> Floats:
    points = np.zeros((468, 3), np.float32)
    half, third = height / 2, width / 3
    outline = [(0, 0), (third, -half), (2 * third, -half)]
    outline += [(width, 0), (2 * third, half), (third, half)]
    points[list(indices), :2] = outline
    return points


def test_ratio_is_height_over_width_for_each_eye_alone() -> None:
    assert eye_aspect_ratios(face_with_eye(RIGHT, height=6, width=24))[0] == pytest.approx(0.25)
    assert eye_aspect_ratios(face_with_eye(LEFT, height=12, width=24))[1] == pytest.approx(0.5)


def test_a_shut_eye_is_zero() -> None:
    assert eye_aspect_ratios(face_with_eye(RIGHT, height=0, width=24))[0] == 0


def test_canonical_face_looks_straight_with_open_eyes_and_closed_mouth() -> None:
    points = canonical_face().vertices
    right, left = eye_aspect_ratios(points)
    assert right == pytest.approx(left, rel=1e-3)
    assert 0.18 < right < 0.6
    assert mouth_aspect_ratio(points) < 0.15, "its lips touch lightly"


@given(st.floats(0.5, 500), st.floats(-180, 180), st.floats(-1000, 1000))
def test_size_lean_and_place_do_not_matter(scale: float, lean: float, shift: float) -> None:
    points = canonical_face().vertices
    angle = np.radians(lean)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (points[:, :2] @ turn.T * scale + shift).astype(np.float32)
    expected = (*eye_aspect_ratios(points), mouth_aspect_ratio(points))
    assert (*eye_aspect_ratios(moved), mouth_aspect_ratio(moved)) == pytest.approx(
        expected, abs=0.02
    )


@given(st.lists(st.floats(0, 3), min_size=2, max_size=2))
def test_opening_the_mouth_more_raises_the_ratio(gaps: list[float]) -> None:
    points = canonical_face().vertices.copy()
    ratios = []
    for gap in sorted(gaps):
        points[14, 1] = points[13, 1] + gap
        ratios.append(mouth_aspect_ratio(points))
    assert ratios[0] <= ratios[1]


def test_points_that_coincide_give_finite_ratios() -> None:
    points = np.zeros((468, 3), np.float32)
    assert eye_aspect_ratios(points) == (0, 0)
    assert mouth_aspect_ratio(points) == 0


def test_eye_centres_right_eye_first() -> None:
    right, left = eye_centres(canonical_face().vertices)
    assert right[0] < 0 < left[0]
    assert right[0] == pytest.approx(-left[0], abs=0.01)


@pytest.mark.parametrize(
    "ring",
    [
        contours.FACE_OVAL,
        contours.RIGHT_EYE,
        contours.LEFT_EYE,
        contours.OUTER_LIPS,
        contours.INNER_LIPS,
    ],
)
def test_rings_go_round_once(ring: tuple[int, ...]) -> None:
    assert len(set(ring)) == len(ring)
    x, y = canonical_face().vertices[list(ring), :2].T
    steps = np.hypot(x - np.roll(x, 1), y - np.roll(y, 1))
    assert steps.max() < 4 * np.median(steps), "neighbours in a ring are neighbours on the face"
    doubled_area = np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))
    assert abs(doubled_area) > 0.3 * np.ptp(x) * np.ptp(y), "the ring does not cross itself"


def test_rings_mirror_each_other() -> None:
    vertices = canonical_face().vertices
    for right, left in (
        (contours.RIGHT_EYE, contours.LEFT_EYE),
        (contours.RIGHT_CHEEK, contours.LEFT_CHEEK),
    ):
        mirrored = vertices[list(right)] * np.array([-1, 1, 1], np.float32)
        assert mirrored == pytest.approx(vertices[list(left)], abs=0.01)
