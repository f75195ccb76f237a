"""Eyes open, mouth closed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from menshen.faces.quality.expression import rate_expression
from menshen.faces.records import Face, Mesh

Draw = Callable[..., Any]
LIDS = {"right": ((160, 144), (158, 153)), "left": ((385, 380), (387, 373))}


def with_eyes(face: Face, *, openness: float, eyes: tuple[str, ...] = ("right", "left")) -> Face:
    """Set the gap between the lids, as a share of the eye's width."""
    points = face.mesh.points.copy()
    gap = np.array([0, openness * abs(points[133, 0] - points[33, 0]) / 2], np.float32)
    for eye in eyes:
        for upper, lower in LIDS[eye]:
            middle = (points[upper, :2] + points[lower, :2]) / 2
            points[upper, :2] = middle - gap
            points[lower, :2] = middle + gap
    return dataclasses.replace(face, mesh=Mesh(points, face.mesh.presence))


def with_mouth(face: Face, *, openness: float) -> Face:
    points = face.mesh.points.copy()
    width = abs(points[308, 0] - points[78, 0])
    points[14, :2] = points[13, :2] + np.array([0, openness * width], np.float32)
    return dataclasses.replace(face, mesh=Mesh(points, face.mesh.presence))


def test_closing_the_eyes_never_scores_better(drawn: Draw) -> None:
    face = drawn().face
    values = [
        rate_expression(with_eyes(face, openness=o))[0].value for o in (0.3, 0.22, 0.17, 0.1, 0.0)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 95
    assert values[-1] < 5


def test_narrow_open_eyes_pass(drawn: Draw) -> None:
    assert rate_expression(with_eyes(drawn().face, openness=0.185))[0].value > 70


def test_one_shut_eye_counts(drawn: Draw) -> None:
    face = with_eyes(drawn().face, openness=0.3)
    assert rate_expression(with_eyes(face, openness=0.05, eyes=("left",)))[0].value < 5


def test_opening_the_mouth_never_scores_better(drawn: Draw) -> None:
    face = drawn().face
    values = [
        rate_expression(with_mouth(face, openness=o))[1].value for o in (0, 0.15, 0.3, 0.45, 0.8)
    ]
    assert values == sorted(values, reverse=True)
    assert values[1] > 90
    assert values[-1] < 5


def test_neither_can_refuse_a_picture_alone(drawn: Draw) -> None:
    assert not any(c.critical for c in rate_expression(drawn().face))
