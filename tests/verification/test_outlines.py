from __future__ import annotations

import numpy as np
import pytest

from menshen.faces.models.manifest import MESH_POINTS
from menshen.faces.records import Mesh
from menshen.verification.outlines import OUTLINES, outlines


@pytest.fixture
def mesh() -> Mesh:
    points = np.arange(MESH_POINTS * 3, dtype=np.float32).reshape(MESH_POINTS, 3) + 0.123
    return Mesh(points, 1.0)


@pytest.mark.parametrize("name", OUTLINES)
def test_a_ring_visits_each_point_of_the_mesh_once(name: str) -> None:
    ring = OUTLINES[name]
    assert len(set(ring)) == len(ring) >= 10
    assert all(0 <= index < MESH_POINTS for index in ring)


def test_left_and_right_have_nothing_in_common() -> None:
    assert not set(OUTLINES["left_eye"]) & set(OUTLINES["right_eye"])
    assert not set(OUTLINES["left_brow"]) & set(OUTLINES["right_brow"])
    assert {33, 133} <= set(OUTLINES["right_eye"])
    assert {362, 263} <= set(OUTLINES["left_eye"])


def test_points_are_scaled_and_rounded(mesh: Mesh) -> None:
    drawn = outlines(mesh, scale=2.0)
    assert list(drawn) == list(OUTLINES)
    assert drawn["face"][0] == (60.2, 62.2)
    assert all(isinstance(value, float) for point in drawn["lips"] for value in point)


def test_an_outline_is_too_little_to_compare_faces_by(mesh: Mesh) -> None:
    told = {point for ring in outlines(mesh, scale=1.0).values() for point in ring}
    assert len(told) < MESH_POINTS / 3
