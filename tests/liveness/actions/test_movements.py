from __future__ import annotations

import dataclasses

import pytest

from menshen.liveness.actions.movements import MOVEMENTS, Movement
from menshen.liveness.resting import Reading, Resting

STILL = Reading(3, 8, 0, 0.25, 0.01, 0.03, 0.1, 0.5, 0.4)
REST = Resting(STILL, Reading(*[0.0] * 9))
BY_NAME = {m.name: m for m in MOVEMENTS}

MOVED = [
    ("left", {"yaw": 20.0}),
    ("right", {"yaw": -14.0}),
    ("somewhat-left", {"yaw": 12.0}),
    ("somewhat-right", {"yaw": -6.0}),
    ("down", {"pitch": 17.0}),
    ("shut", {"openness": 0.15}),
    ("mouth", {"mouth": 0.1}),
    ("nearer", {"size": 0.15}),
]


@pytest.mark.parametrize(("name", "change"), MOVED)
def test_each_movement_shows_and_nothing_else_of_note(name: str, change: dict[str, float]) -> None:
    now = dataclasses.replace(STILL, **change)
    shown = {m.name for m in MOVEMENTS if m.shows(now, REST)}
    assert name in shown
    assert {n.removeprefix("somewhat-") for n in shown} == {name.removeprefix("somewhat-")}


@pytest.mark.parametrize("movement", MOVEMENTS, ids=lambda m: m.name)
def test_at_rest_all_rest_and_the_way_back_is_shorter(movement: Movement) -> None:
    assert movement.rests(STILL, REST)
    assert not movement.shows(STILL, REST)
    assert 0 < movement.back < movement.far


def test_narrow_eyes_blink_too() -> None:
    narrow = Resting(dataclasses.replace(STILL, openness=0.16), REST.deviations)
    shut = dataclasses.replace(STILL, openness=0.11)
    assert BY_NAME["shut"].shows(shut, narrow)
    assert not BY_NAME["shut"].shows(dataclasses.replace(STILL, openness=0.14), narrow)


def test_a_resting_value_of_nothing_divides_nothing() -> None:
    nothing = Resting(Reading(*[0.0] * 9), REST.deviations)
    assert all(isinstance(m.shows(STILL, nothing), bool) for m in MOVEMENTS)
