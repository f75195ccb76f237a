from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.liveness.frames import BOX, blank, noisy, observed

from menshen.faces.records import Box, Pixels
from menshen.liveness.bezel import bezel, drawn_sides


def sheet(degrees: float = 0.0, *, sides: str = "left right top bottom") -> Pixels:
    """Draw some edges of a sheet, 1.9 face widths high and wide, before a wall."""
    pixels = noisy(deviation=2)
    centre, half = np.array(BOX.centre), 150
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corner = {
        name: (turn @ (np.array(place) * half) + centre).astype(int).tolist()
        for name, place in {"a": (-1, -1), "b": (1, -1), "c": (1, 1), "d": (-1, 1)}.items()
    }
    ends = {"left": "ad", "right": "bc", "top": "ab", "bottom": "dc"}
    for side in sides.split():
        first, last = (corner[name] for name in ends[side])
        cv2.line(pixels, first, last, (245, 245, 245), 6)
    return pixels


@pytest.mark.parametrize("degrees", [-20, -7, 0, 4, 25])
def test_a_frame_round_the_face_is_seen_at_any_tilt(degrees: float) -> None:
    result = bezel(observed(sheet(degrees)))
    assert result.score is not None
    assert result.score < 0.05
    assert result.code == "frame-seen"


def test_three_sides_are_enough() -> None:
    result = bezel(observed(sheet(sides="left right top")))
    assert result.code == "frame-seen"
    assert result.evidence["bottom"] < 0.3
    assert min(result.evidence[side] for side in ("left", "right", "top")) > 0.8


@pytest.mark.parametrize("sides", ["left right", "top", "left top", "top bottom"])
def test_a_door_or_a_shelf_is_no_frame(sides: str) -> None:
    result = bezel(observed(sheet(sides=sides)))
    assert result.code == "no-frame"
    assert result.score is not None
    assert result.score > 0.95


def test_evidence_names_the_sides_as_seen_in_the_picture() -> None:
    for side in ("left", "right", "top", "bottom"):
        evidence = bezel(observed(sheet(sides=side))).evidence
        assert max(evidence, key=lambda name: evidence[name]) == side


def test_lines_through_the_face_or_far_away_do_not_count() -> None:
    pixels = noisy(deviation=2)
    cv2.rectangle(pixels, (290, 210), (350, 270), (245, 245, 245), 3)  # inside the face
    assert bezel(observed(pixels)).code == "no-frame"
    far = Box(40, 40, 60, 60)
    cv2.rectangle(pixels, (330, 60), (600, 420), (245, 245, 245), 5)
    assert bezel(observed(pixels, box=far)).code == "no-frame"


def test_black_bars_at_the_frames_own_border_do_not_count() -> None:
    pixels = blank(150)
    pixels[:, :2] = pixels[:, -2:] = 0
    pixels[:2] = pixels[-2:] = 0
    assert drawn_sides(pixels, BOX).max() == 0


def test_a_blank_frame_has_no_sides() -> None:
    assert drawn_sides(blank(), BOX).tolist() == [0, 0, 0, 0]
    assert bezel(observed(blank())).code == "no-frame"


def test_size_does_not_matter() -> None:
    large = cv2.resize(sheet(5), None, fx=3, fy=3)
    box = Box(BOX.x * 3, BOX.y * 3, BOX.width * 3, BOX.height * 3)
    assert bezel(observed(np.asarray(large, np.uint8), box=box)).code == "frame-seen"


def test_nothing_is_said_without_a_face() -> None:
    assert bezel(observed(blank(), box=None)).score is None
