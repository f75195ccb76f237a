from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.frames import blank, observed

from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.sampling import INTERVAL, KEPT, Sampled, sample, summary


def saying(*scores: float | None) -> Callable[[Observation], SignalResult]:
    """Return a look that gives these scores by the frame's sequence."""

    def look(observation: Observation) -> SignalResult:
        score = scores[observation.sequence]
        code = "dumb" if score is None else f"said-{observation.sequence}"
        return SignalResult("s", score, code, {"number": float(observation.sequence)})

    return look


def run(look: Callable[[Observation], SignalResult], times: list[float]) -> Sampled:
    state = Sampled()
    for number, at in enumerate(times):
        state = sample(look, state, observed(blank(), at=at, sequence=number))
    return state


def test_neighbouring_frames_are_not_looked_at() -> None:
    state = run(saying(*[0.5] * 30), [i / 10 for i in range(30)])  # three seconds
    assert [r.code for r in state.results] == ["said-0", "said-19"]


def test_a_clock_that_runs_backwards_does_not_stop_the_looking() -> None:
    assert len(run(saying(0.9, 0.1, 0.1), [5.0, 4.0, 3.0]).results) == 3
    assert len(run(saying(0.9, 0.1), [5.0, 5.0]).results) == 1


def test_the_state_handed_in_is_left_alone() -> None:
    before = Sampled()
    after = sample(saying(0.5), before, observed(blank()))
    assert before == Sampled()
    assert after.latest == 0.0


def test_the_median_frame_speaks_and_the_lower_of_two_middle_ones() -> None:
    state = run(saying(0.9, 0.1, 0.5), [0, 2, 4])
    assert summary("s", state) == SignalResult("s", 0.5, "said-2", {"number": 2.0, "frames": 3.0})
    assert summary("s", run(saying(0.9, 0.1), [0, 2])).score == 0.1


def test_without_a_score_the_last_reason_is_told() -> None:
    assert summary("s", Sampled()) == SignalResult("s", None, "nothing-seen")
    assert summary("s", run(saying(None), [0])).code == "dumb"
    faceless = sample(saying(0.5), Sampled(), observed(blank(), box=None))
    assert summary("s", faceless).code == "no-face"
    assert faceless.latest is None  # the next frame with a face is due at once


def test_one_frame_without_a_score_does_not_silence_the_others() -> None:
    assert summary("s", run(saying(0.7, None), [0, 2])).score == 0.7


def test_memory_is_bounded() -> None:
    state = run(saying(*[0.5] * 100), [2.0 * i for i in range(100)])
    assert len(state.results) == KEPT
    assert state.results[-1].code == "said-99"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_as_many_say_more_as_say_less(scores: list[float]) -> None:
    state = run(saying(*scores), [2 * INTERVAL * i for i in range(len(scores))])
    result = summary("s", state)
    assert result.score == pytest.approx(sorted(scores)[(len(scores) - 1) // 2])
    assert result.evidence["frames"] == len(scores)
