"""The annotated picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from menshen.cli.annotate import AMBER, GREEN, RED, annotate, colour_of
from menshen.cli.inspect import Assessed
from menshen.faces.pose import canonical_face, head_pose, rotation_matrix
from menshen.faces.quality import assess
from menshen.faces.records import Box, Detection, Face, HeadPose, Mesh, Picture, Pixels


def assessed(picture: Picture, *, pose: HeadPose, centre: tuple[float, float]) -> Assessed:
    turned = canonical_face().vertices @ rotation_matrix(pose).T
    points = (turned * 8 + np.array([*centre, 0])).astype(np.float32)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    box = Box(*(float(v) for v in (*low, *(high - low))))
    detection = Detection(box, 0.9, points[[33, 263, 1, 13, 234, 454], :2])
    face = Face(detection, Mesh(points, 0.99), head_pose(points))
    return Assessed(face, assess(picture, face, faces=1))


def grey(width: int, height: int) -> Picture:
    return Picture(np.full((height, width, 3), 128, np.uint8), (width, height))


def drawn(picture: Picture, *faces: Assessed) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(annotate(picture, faces))).convert("RGB"))


@pytest.mark.parametrize(("value", "colour"), [(70, GREEN), (69, AMBER), (30, AMBER), (29, RED)])
def test_colours(value: int, colour: str) -> None:
    assert colour_of(value) == colour


@pytest.mark.parametrize("size", [(64, 64), (400, 300), (300, 900), (3000, 400), (1200, 2400)])
def test_size_is_legible_and_bounded(size: tuple[int, int]) -> None:
    picture = grey(*size)
    one = assessed(picture, pose=HeadPose(0, 0, 0), centre=(size[0] / 2, size[1] / 2))
    height, width = drawn(picture, one).shape[:2]
    assert 760 <= height <= 1000
    assert 460 < width <= 1400 + 460


def test_the_picture_itself_is_shown_with_marks_on_the_face_only() -> None:
    picture = grey(760, 760)
    shown = drawn(picture, assessed(picture, pose=HeadPose(0, 0, 0), centre=(380, 380)))
    photo = shown[:, :760]
    changed = np.abs(photo.astype(int) - 128).max(axis=2) > 20
    assert 0.005 < changed.mean() < 0.15
    rows, columns = np.nonzero(changed)
    assert 200 < columns.min() < columns.max() < 560
    assert 200 < rows.min() < rows.max() < 560


def test_without_a_face_the_picture_is_shown_alone() -> None:
    shown = drawn(grey(500, 800))
    assert shown.shape[:2] == (800, 500)
    assert (np.abs(shown.astype(int) - 128) <= 1).all()


def test_every_face_is_marked() -> None:
    picture = grey(1000, 760)
    left = assessed(picture, pose=HeadPose(0, 0, 0), centre=(250, 380))
    right = assessed(picture, pose=HeadPose(20, 0, 0), centre=(750, 380))
    one, two = drawn(picture, left), drawn(picture, left, right)
    untouched = (slice(None), slice(600, 1000))
    assert (np.abs(one[untouched].astype(int) - 128) <= 1).all()
    assert (np.abs(two[untouched].astype(int) - 128) > 20).any()


def test_a_face_over_the_edge_is_drawn_all_the_same() -> None:
    picture = grey(400, 400)
    assert drawn(picture, assessed(picture, pose=HeadPose(0, 0, 0), centre=(0, 0))).any()


def test_nose_axis_points_where_the_head_is_turned() -> None:
    picture = grey(760, 760)
    blue = {}
    for yaw in (-40, 40):
        shown = drawn(picture, assessed(picture, pose=HeadPose(yaw, 0, 0), centre=(380, 380)))
        r, g, b = (shown[:, :760, i].astype(int) for i in range(3))
        blue[yaw] = np.nonzero((b - r > 90) & (b - g > 40))[1].mean()
    assert blue[-40] < 380 < blue[40]
