from __future__ import annotations

import numpy as np
import pytest
from bench.stages import Clock, clocked_engine, network_name


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock on which time passes only when ``spend`` is called."""
    made = Clock()
    now = [0.0]
    monkeypatch.setattr("bench.stages.time.perf_counter", lambda: now[0])

    def spend(ms: float) -> None:
        now[0] += ms / 1e3

    made.spend = spend  # type: ignore[attr-defined]
    return made


def test_a_stage_is_charged_with_its_own_time_only(clock: Clock) -> None:
    spend = clock.spend  # type: ignore[attr-defined]
    inner = clock.around("inner", lambda: spend(5))

    def outer() -> str:
        spend(2)
        inner()
        inner()
        return "done"

    assert clock.around("outer", outer)() == "done"
    assert clock.taken == pytest.approx({"inner": 10, "outer": 2})


def test_a_stage_that_raises_is_counted_too(clock: Clock) -> None:
    spend = clock.spend  # type: ignore[attr-defined]

    def fails() -> None:
        spend(3)
        raise ValueError("no face")

    def outer() -> None:
        with pytest.raises(ValueError, match="no face"):
            clock.around("inner", fails)()
        spend(1)

    clock.around("outer", outer)()
    assert clock.taken == pytest.approx({"inner": 3, "outer": 1})


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((1, 128, 128, 3), "detector network"),
        ((1, 192, 192, 3), "mesh network"),
        ((4, 3, 150, 150), "recogniser networks"),
        ((2, 3, 128, 128), "recogniser networks"),
    ],
)
def test_networks_are_told_apart_by_their_input(shape: tuple[int, ...], name: str) -> None:
    assert network_name(None, np.zeros(shape, np.float32)) == name


def test_the_engine_is_left_as_it_was() -> None:
    from menshen.faces import engine, runtime

    before = vars(engine)["decode"], runtime.Network.run
    with clocked_engine(Clock()):
        assert vars(engine)["decode"] is not before[0]
    assert (vars(engine)["decode"], runtime.Network.run) == before
