from __future__ import annotations

import pytest

from menshen.liveness.actions.movements import MOVEMENTS
from menshen.liveness.actions.table import ACTIONS, Action

DELIBERATE = {m.name for m in MOVEMENTS if m.deliberate}
NAMES = {m.name for m in MOVEMENTS}


def test_there_are_eight() -> None:
    assert len(ACTIONS) == 8
    assert all(name == action.name for name, action in ACTIONS.items())


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda a: a.name)
def test_each_is_made_of_known_movements_and_tolerates_its_own(action: Action) -> None:
    events = [event for pattern in action.patterns for event in pattern]
    assert bool(events) != action.eyes_follow
    assert all(event[0] in "+-=" and event[1:] in NAMES for event in events)
    assert action.tolerated <= DELIBERATE
    assert {event[1:] for event in events} & DELIBERATE <= action.tolerated


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda a: a.name)
def test_each_says_where_it_comes_from_and_where_it_ends(action: Action) -> None:
    assert action.source
    assert action.limits.endswith(".")
