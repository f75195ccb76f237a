from __future__ import annotations

from collections.abc import Sequence

import pytest
from bench.timing import Budget, flat, interleave, ratio, summary
from hypothesis import given
from hypothesis import strategies as st

TIMES = st.lists(st.floats(0.001, 1e5), min_size=1, max_size=50)


class Recorder:
    """Turns that say who took them and take as long as they are told."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def turn(self, name: str, times: Sequence[float]) -> list[float]:
        self.order.append(name)
        return list(times)


def test_every_round_begins_with_another_contender() -> None:
    seen = Recorder()
    turns = {name: (lambda n=name: seen.turn(n, [1.0])) for name in "abc"}
    taken = interleave(turns, Budget(3, 100, least=1))
    assert "".join(seen.order) == "abcbcacab"
    assert taken == {name: [[1.0]] * 3 for name in "abc"}


def test_a_slow_contender_stops_early_but_not_before_the_least_count() -> None:
    seen = Recorder()
    turns = {
        "fast": lambda: seen.turn("fast", [10.0, 10.0]),
        "slow": lambda: seen.turn("slow", [5000.0]),
    }
    taken = interleave(turns, Budget(6, 1, least=3))
    assert len(taken["fast"]) == 6
    assert taken["slow"] == [[5000.0]] * 3


def test_nobody_taking_part_is_no_error() -> None:
    assert interleave({}, Budget(3, 1)) == {}


def test_a_ratio_compares_each_round_with_itself() -> None:
    # The machine is four times slower in the second round; the slow one misses the third.
    ours = [[1.0, 1.0, 1.2], [4.0], [1.0]]
    peer = [[10.0], [40.0]]
    assert ratio(peer, ours) == pytest.approx(10)


def test_summary_of_one_repetition_is_that_repetition() -> None:
    found = summary([7.0])
    assert found["count"] == 1
    assert {v for k, v in found.items() if k != "count"} == {7.0}


def test_summary_gives_quartiles() -> None:
    found = summary([1.0, 2.0, 3.0, 4.0, 100.0])
    assert (found["quartile_1"], found["median"], found["quartile_3"]) == (2.0, 3.0, 4.0)
    assert (found["least"], found["most"]) == (1.0, 100.0)


@given(TIMES)
def test_summary_is_in_order(times: list[float]) -> None:
    found = summary(times)
    parts = [found[k] for k in ("least", "quartile_1", "median", "quartile_3", "most")]
    assert parts == sorted(parts)


@given(st.lists(TIMES, max_size=6))
def test_flat_keeps_every_time(turns: list[list[float]]) -> None:
    assert len(flat(turns)) == sum(map(len, turns))
