"""Cutting out the face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from menshen.faces.quality.crop import cut, frontal_eye_distance
from menshen.faces.records import HeadPose

Draw = Callable[..., Any]


def test_turning_the_head_does_not_bring_the_eyes_nearer(drawn: Draw) -> None:
    frontal = frontal_eye_distance(drawn().face)
    assert frontal == pytest.approx(76, abs=3)
    for yaw in (-40, -20, 20, 40):
        turned = frontal_eye_distance(drawn(pose=HeadPose(yaw, 0, 0)).face)
        assert turned == pytest.approx(frontal, rel=0.03)


def test_profile_distance_stays_finite(drawn: Draw) -> None:
    assert frontal_eye_distance(drawn(pose=HeadPose(89, 0, 0)).face) < 80


@pytest.mark.parametrize("scale", [2, 6, 12, 20, 60])
def test_crop_is_small_whatever_the_picture(drawn: Draw, scale: float) -> None:
    side = round(scale * 25)
    face = drawn(scale=scale, centre=(side / 2, side / 2), size=(side, side))
    crop = cut(face.picture, face.face)
    assert crop.eye_distance <= 72
    assert max(crop.luma.shape) < 220
    assert crop.pixels.shape == (*crop.luma.shape, 3)
    if scale >= 6:
        assert crop.eye_distance >= 36


def test_points_follow_the_pixels(drawn: Draw) -> None:
    one = drawn(scale=30, centre=(450, 400), size=(900, 800))
    nose = one.face.mesh.points[1, :2]
    x, y = np.round(nose).astype(int)

    def mark(pixels: Any) -> Any:
        marked = np.zeros_like(pixels)
        marked[y - 6 : y + 7, x - 6 : x + 7] = 255
        return marked

    marked = one.with_pixels(mark)
    crop = cut(marked.picture, marked.face)
    rows, columns = np.nonzero(crop.luma > 200)
    assert (columns.mean(), rows.mean()) == pytest.approx(tuple(crop.points[1]), abs=0.7)


def test_skin_holds_the_nose_and_not_the_corner(drawn: Draw) -> None:
    crop = cut(drawn().picture, drawn().face)
    x, y = np.round(crop.points[1]).astype(int)
    assert crop.skin[y, x] == 1
    assert crop.skin[0, 0] == 0
    assert 0.5 < crop.skin.mean() < 0.95


def test_cheeks_lie_beside_the_nose(drawn: Draw) -> None:
    crop = cut(drawn().picture, drawn().face)
    right, left = (np.argwhere(mask)[:, 1].mean() for mask in crop.cheeks())
    assert right < crop.points[1, 0] < left


@pytest.mark.parametrize("centre", [(0, 230), (500, 230), (250, 0), (250, 460), (-900, 9000)])
def test_a_face_partly_or_wholly_outside_is_cut_all_the_same(
    drawn: Draw, centre: tuple[float, float]
) -> None:
    one = drawn(centre=centre)
    crop = cut(one.picture, one.face)
    assert crop.luma.size >= 1
    assert crop.skin.any()
    assert all(mask.any() for mask in crop.cheeks())


def test_cutting_leaves_the_picture_alone(drawn: Draw) -> None:
    one = drawn()
    before = one.picture.pixels.copy()
    cut(one.picture, one.face)
    assert np.array_equal(one.picture.pixels, before)
