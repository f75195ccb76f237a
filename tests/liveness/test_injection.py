from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.liveness import injection
from menshen.liveness.injection import InjectionState, interval_pattern, result, step
from menshen.liveness.records import Observation, SignalResult

NO_PIXELS = np.zeros((1, 1, 3), np.uint8)
Times = Sequence[tuple[float, float]]


def observation(sequence: int, captured: float, received: float) -> Observation:
    return Observation(sequence, captured, received, NO_PIXELS, 0, None, None, None)


def watched(times: Times, sequences: Sequence[int] | None = None) -> InjectionState:
    state = InjectionState()
    for i, (captured, received) in enumerate(times):
        number = i if sequences is None else sequences[i]
        state = step(state, observation(number, captured, received))
    return state


def said(times: Times, sequences: Sequence[int] | None = None) -> SignalResult:
    return result(watched(times, sequences))


def camera(
    count: int = 120,
    *,
    rate: float = 15.0,
    jitter: float = 0.002,
    loss: float = 0.02,
    drift: float = 0.0,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Times of an honest stream: jitter, lost frames, a network that stalls and catches up."""
    rng = np.random.default_rng(seed)
    captured = 100.0 + np.arange(count) / rate + rng.normal(0, jitter, count).cumsum() / 10
    captured += rng.normal(0, jitter, count)
    captured = np.sort(captured[rng.random(count) >= loss])
    delay = 0.05 + rng.exponential(0.03, len(captured)) + (rng.random(len(captured)) < 0.03) * 0.8
    received = np.maximum.accumulate(captured * (1 + drift) + 5000.0 + delay)
    return list(zip(captured.tolist(), received.tolist(), strict=True))


@given(
    st.integers(0, 10_000),
    st.sampled_from([10.0, 15.0, 24.0, 30.0]),
    st.floats(0.0005, 0.004),
    st.floats(-2e-4, 2e-4),
)
def test_honest_streams_are_plausible(seed: int, rate: float, jitter: float, drift: float) -> None:
    got = said(camera(rate=rate, jitter=jitter, drift=drift, seed=seed))
    assert (got.code, got.score) == ("clocks-plausible", 1.0)
    assert got.evidence["frames-per-second"] == pytest.approx(rate, rel=0.1)


@pytest.mark.parametrize("tick", [0.001, 0.02, 0.1])
def test_browsers_that_round_their_clock_are_plausible(tick: float) -> None:
    rounded = [(round(c / tick) * tick, r) for c, r in camera(rate=30.0, seed=3)]
    assert said(rounded).code == "clocks-plausible"


def test_a_clock_rounded_to_the_cameras_own_interval_is_doubted_not_refused() -> None:
    rounded = [(round(c * 60) / 60, r) for c, r in camera(rate=30.0, seed=3)]
    got = said(rounded)
    assert (got.code, got.score) == ("intervals-too-regular", 0.4)


def test_nothing_is_said_of_a_few_frames() -> None:
    assert result(InjectionState()).score is None
    got = said(camera(9, loss=0.0))
    assert (got.code, got.score, got.evidence["frames"]) == ("injection-pending", None, 9.0)


@pytest.mark.parametrize("sequences", [[0, 1, 1, 2], [0, 5, 4, 6], [3, 2, 1, 0]])
def test_a_sequence_that_does_not_rise_is_a_fault_at_once(sequences: list[int]) -> None:
    got = said(camera(4, loss=0.0), sequences)
    assert (got.code, got.score) == ("sequence-not-rising", 0.0)


def test_lost_frames_leave_gaps_in_the_sequence() -> None:
    times = camera(60, loss=0.0)
    assert said(times[::2], range(0, 60, 2)).code == "clocks-plausible"


def test_a_fault_is_never_forgotten() -> None:
    state = watched(camera(20, loss=0.0), [*range(10), *range(10)])
    for i, (captured, received) in enumerate(camera(200, seed=1)):
        state = step(state, observation(1000 + i, captured + 60, received + 60))
    assert result(state).code == "sequence-not-rising"


def test_capture_times_replayed() -> None:
    times = camera(60, loss=0.0)
    received = [r for _, r in times]
    again = [c for c, _ in times[:30]] * 2
    assert said(list(zip(again, received, strict=True))).code == "capture-time-repeated"


def test_a_frozen_capture_time() -> None:
    times = [(1.0, 1.0 + i / 5) for i in range(20)]
    assert said(times).code == "capture-time-repeated"


def test_a_capture_clock_that_runs_backward() -> None:
    times = camera(60, loss=0.0)
    times[30] = (times[30][0] - 0.5, times[30][1])
    assert said(times).code == "capture-time-backward"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_times_that_are_no_numbers(odd: float) -> None:
    assert said([(odd, 1.0)]).code == "time-not-finite"
    assert said([(0.0, 0.0), (0.1, odd)]).code == "time-not-finite"


@pytest.mark.parametrize("speed", [1.5, 2.0, 10.0])
def test_frames_fed_in_faster_than_time(speed: float) -> None:
    times = [(c, 5000 + (c - 100) / speed) for c, _ in camera(200)]
    got = said(times)
    assert (got.code, got.score) == ("faster-than-time", 0.0)


def test_ten_seconds_delivered_in_one_burst() -> None:
    times = [(c, 5000 + i * 1e-3) for i, (c, _) in enumerate(camera(150))]
    assert said(times).code == "faster-than-time"


def test_a_stalled_network_that_catches_up_in_a_burst_is_honest() -> None:
    times = camera(150, loss=0.0)
    stalled = [(c, max(r, times[75][1]) if i >= 50 else r) for i, (c, r) in enumerate(times)]
    got = said(stalled)
    assert got.code == "clocks-plausible"
    assert got.evidence["burst-share"] > 0.1


def test_a_first_frame_that_came_late_is_honest() -> None:
    times = camera(100)
    times[0] = (times[0][0], times[0][1] + 0.6)
    late = [(c, max(r, times[0][1])) for c, r in times]
    assert said(late).code == "clocks-plausible"


def test_frames_that_wait_too_long() -> None:
    times = [(c, r + 0.1 * i) for i, (c, r) in enumerate(camera(100))]
    assert said(times).code == "frames-too-late"


def test_an_impossible_rate() -> None:
    assert said(camera(400, rate=200.0, jitter=0.0005)).code == "capture-rate-impossible"


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_intervals_of_a_generator(loss: float) -> None:
    got = said(camera(100, jitter=0.0, loss=loss, seed=4))
    assert got.code == "intervals-too-regular"
    assert got.score == pytest.approx(0.4)


def test_intervals_copied_within_a_session() -> None:
    times = camera(60, loss=0.0, seed=9)
    gaps = np.diff([c for c, _ in times])
    looped = 50 + np.concatenate([[0], np.tile(gaps[:20], 3).cumsum()])
    got = said([(c, c + 7) for c in looped.tolist()])
    assert got.code == "intervals-copied"
    assert got.evidence["copied-intervals"] >= 40 - 1


def test_sessions_with_the_times_of_one_recording_have_one_pattern() -> None:
    times = camera(60, seed=5)
    moved = [(c + 321.5, r + 999.0) for c, r in times]
    first, again = interval_pattern(watched(times)), interval_pattern(watched(moved))
    assert first is not None
    assert first == again
    assert first != interval_pattern(watched(camera(60, seed=6)))


def test_no_pattern_of_too_few_or_too_even_intervals() -> None:
    assert interval_pattern(watched(camera(39, loss=0.0))) is None
    assert interval_pattern(watched(camera(100, jitter=0.0, loss=0.0))) is None


TIMES = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1e4)


@given(st.lists(st.tuples(st.integers(-5, 100), TIMES, TIMES), max_size=60))
def test_whatever_a_client_sends_there_is_an_answer(rows: list[tuple[int, float, float]]) -> None:
    state = InjectionState()
    for sequence, captured, received in rows:
        before = state
        state = step(state, observation(sequence, captured, received))
        assert before.fault is None or state.fault == before.fault
    got = result(state)
    assert got.signal == injection.SIGNAL
    assert got.score is None or 0 <= got.score <= 1
    assert all(np.isfinite(value) for value in got.evidence.values())
    interval_pattern(state)


def test_state_is_a_value() -> None:
    state = watched(camera(20))
    assert watched(camera(20)) == state
    assert dataclasses.replace(state) == state
