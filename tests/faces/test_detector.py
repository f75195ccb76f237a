from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces.detector import (
    SIDE,
    Detector,
    _tiles,
    intersection_over_union,
    suppress,
)
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Box, Detection, Floats

boxes = st.builds(Box, st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 60), st.floats(1, 60))


def at(box: Box, score: float) -> Detection:
    return Detection(box, score, np.full((6, 2), box.x, np.float32))


@given(boxes, boxes)
def test_overlap_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    one = intersection_over_union(a, b)
    assert 0 <= one <= 1 + 1e-9
    assert one == pytest.approx(intersection_over_union(b, a))
    assert intersection_over_union(a, a) == pytest.approx(1)


def test_overlap_of_half_shifted_squares() -> None:
    assert intersection_over_union(Box(0, 0, 2, 2), Box(1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert intersection_over_union(Box(0, 0, 2, 2), Box(2, 0, 2, 2)) == 0


def test_overlapping_candidates_blend_by_score() -> None:
    kept = suppress([at(Box(0, 0, 10, 10), 0.9), at(Box(3, 0, 10, 10), 0.6)])
    assert len(kept) == 1
    assert kept[0].score == 0.9
    assert kept[0].box.x == pytest.approx(3 * 0.6 / 1.5)
    assert kept[0].keypoints[0, 0] == pytest.approx(1.2)


@given(st.lists(st.builds(at, boxes, st.floats(0.5, 1)), max_size=12))
def test_suppression_keeps_faces_apart(found: list[Detection]) -> None:
    kept = suppress(found)
    assert len(kept) <= len(found)
    assert bool(kept) == bool(found)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (3000, 500), (700, 700)])
@pytest.mark.parametrize("cells", [2, 3, 5])
def test_tiles_cover_the_picture_and_overlap(width: int, height: int, cells: int) -> None:
    covered = np.zeros((height, width), int)
    for tile in _tiles(width, height, cells=cells):
        assert tile.width == tile.height
        assert tile.x >= -1e-6
        assert tile.x + tile.width <= width + 1e-6
        covered[
            round(tile.y) : round(tile.y + tile.height), round(tile.x) : round(tile.x + tile.width)
        ] += 1
    assert (covered > 0).all()


class OneFace:
    """A network that sees one face wherever the picture's brightest spot is."""

    def __init__(self) -> None:
        self.calls = 0

    def run(self, tensor: Floats) -> dict[str, Floats]:
        self.calls += 1
        bright = tensor[0, :, :, 0]
        regressors = np.zeros((1, 896, 16), np.float32)
        logits = np.full((1, 896, 1), -9.0, np.float32)
        if bright.max() > 0.9:
            y, x = np.unravel_index(int(bright.argmax()), bright.shape)
            cell = int(y // 8) * 16 + int(x // 8)
            regressors[0, cell * 2, 2:4] = 16
            logits[0, cell * 2] = 3
        return {"regressors": regressors, "classificators": logits}


def spot(width: int, height: int, x: int, y: int, radius: int) -> Pyramid:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y - radius : y + radius, x - radius : x + radius] = 255
    return Pyramid(pixels)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (512, 512)])
def test_boxes_come_back_in_picture_pixels(width: int, height: int) -> None:
    (found,) = Detector(OneFace()).detect(spot(width, height, 300, 200, 20))  # type: ignore[arg-type]
    cell = max(width, height) / 16
    assert found.box.centre == pytest.approx((300, 200), abs=cell)
    assert found.box.width == pytest.approx(16 / SIDE * max(width, height))


def test_the_whole_picture_comes_first_and_costs_one_run() -> None:
    network = OneFace()
    search = Detector(network).search(spot(640, 480, 300, 200, 20))  # type: ignore[arg-type]
    assert len(next(search)) == 1
    assert network.calls == 1
    assert any(found for found in search)
    assert network.calls >= 5


def test_a_small_face_is_found_in_a_tile() -> None:
    """A bright spot fades when 2,000 pixels become 128; in a tile it does not."""
    pyramid = spot(2000, 1500, 1500, 1000, 6)
    whole, *tiles = Detector(OneFace()).search(pyramid)  # type: ignore[arg-type]
    assert whole == ()
    (found,) = tiles[-1]
    assert found.box.centre == pytest.approx((1500, 1000), abs=70)


def test_a_face_that_fills_the_picture_is_looked_at_from_further_away() -> None:
    """Here a box is 16/128 of what the network sees: of a wider view, it is larger."""

    class Filling(OneFace):
        def run(self, tensor: Floats) -> dict[str, Floats]:
            outputs = super().run(tensor)
            outputs["regressors"][..., 2:4] *= 5
            has_border = tensor[0, 0, 0, 0] == -1
            outputs["classificators"] += 2.0 if has_border else self.doubt
            return outputs

        doubt = -1.5

    network = Filling()
    pixels = np.full((300, 300, 3), 40, np.uint8)
    pixels[130:170, 130:170] = 255
    (found,) = Detector(network).detect(Pyramid(pixels))  # type: ignore[arg-type]
    assert network.calls == 2
    assert found.score > 0.99
    assert found.box.width == pytest.approx(80 / SIDE * 300 * 1.4)
    assert found.box.centre == pytest.approx((150, 150), abs=30)


def test_a_clear_face_that_fills_the_picture_needs_no_second_look() -> None:
    pixels = np.full((300, 300, 3), 255, np.uint8)
    network = OneFace()
    (found,) = Detector(network).detect(Pyramid(pixels))  # type: ignore[arg-type]
    assert found.score > 0.9
    assert network.calls == 1


def test_small_pictures_are_not_cut_up() -> None:
    pyramid = Pyramid(np.zeros((100, 100, 3), np.uint8))
    assert list(Detector(OneFace()).search(pyramid)) == [()]  # type: ignore[arg-type]


def test_nothing_is_found_in_nothing() -> None:
    assert Detector(OneFace()).detect(Pyramid(np.zeros((100, 100, 3), np.uint8))) == ()  # type: ignore[arg-type]
