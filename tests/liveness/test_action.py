from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.liveness.meshes import FPS, calm, head, noisy, observed, sheet, sway, turning

from menshen.actors import cast
from menshen.actors.clips import clip, film
from menshen.faces.models.pack import Pack
from menshen.faces.records import HeadPose
from menshen.liveness import resting as rest
from menshen.liveness.action import ActionState, Asked, begin, movements_seen, result, step
from menshen.liveness.actions import ACTIONS, Dot
from menshen.liveness.observe import Observer
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.resting import Resting

DOTS = tuple(Dot(i / 15, float(np.sin(2 * np.pi * i / 29))) for i in range(30))
WINDOW = 4.0
Frames = tuple[Observation, ...]


def at_rest() -> Resting:
    state = rest.START
    for frame in calm():
        state = rest.step(state, frame)
    values = rest.resting(state)
    assert values is not None
    return values


REST = at_rest()


def up_and_down(top: float) -> list[float]:
    return [top * float(np.sin(np.pi * i / 29) ** 2) for i in range(30)]


def nodding(top: float = 15) -> Frames:
    angles = up_and_down(top)
    return tuple(observed(head(HeadPose(0, a, 0)), time=i / FPS) for i, a in enumerate(angles))


def blinking(low: float = 0.1, frames: int = 4) -> Frames:
    lids = [0.3] * 8 + [low] * frames + [0.3] * 14
    return tuple(observed(head(), time=i / FPS, openness=o) for i, o in enumerate(lids))


def speaking(top: float = 0.15) -> Frames:
    return tuple(
        observed(head(), time=i / FPS, mouth=0.02 + m) for i, m in enumerate(up_and_down(top))
    )


def looking(top: float = 0.12, delay: float = 0.2, frames: int = 36) -> Frames:
    rng = np.random.default_rng(1)
    times = np.array([dot.time for dot in DOTS])
    path = np.array([dot.x for dot in DOTS])
    gaze = top * np.interp(np.arange(frames) / FPS - delay, times, path)
    gaze += rng.normal(0, 0.004, frames)
    return tuple(observed(head(), time=i / FPS, gaze=float(g)) for i, g in enumerate(gaze))


def approaching(near: float = 30) -> Frames:
    distances = np.linspace(50, near, 25)
    return tuple(observed(head(distance=d), time=i / FPS) for i, d in enumerate(distances))


PERFORMED: dict[str, Callable[[], Frames]] = {
    "turn-left": lambda: turning(up_and_down(28)),
    "turn-right": lambda: turning(up_and_down(-28)),
    "nod": nodding,
    "blink": blinking,
    "open-mouth": speaking,
    "shake-head": lambda: turning(sway(18, swings=2)),
    "follow-dot": looking,
    "come-closer": approaching,
}


def watched(action: str, frames: Sequence[Observation], *, ends: float = WINDOW) -> ActionState:
    state = begin(Asked(action, 0.0, ends, DOTS), resting=REST)
    for frame in (*frames, *calm(30, begins=ends + 0.01)[:1]):
        state = step(state, frame)
    return state


def said(action: str, frames: Sequence[Observation]) -> SignalResult:
    return result(watched(action, frames))


def test_there_are_eight_actions_and_all_are_tried_here() -> None:
    assert set(PERFORMED) == set(ACTIONS)
    assert all(action.source and action.limits for action in ACTIONS.values())


@pytest.mark.parametrize("action", ACTIONS)
def test_the_asked_action_is_seen(action: str) -> None:
    verdict = said(action, PERFORMED[action]())
    assert (verdict.score, verdict.code) == (1.0, "done")
    assert 0 < verdict.evidence["seconds"] <= WINDOW


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("performed", PERFORMED)
def test_no_other_action_passes_for_it(action: str, performed: str) -> None:
    if action != performed:
        assert said(action, PERFORMED[performed]()).score == 0.0


@pytest.mark.parametrize("action", ACTIONS)
def test_doing_nothing_is_seen(action: str) -> None:
    assert said(action, calm(50)).code == "not-done"


@pytest.mark.parametrize("action", ACTIONS)
def test_too_early_is_not_now(action: str) -> None:
    """The movement stands already when the window opens, and stays."""
    held = PERFORMED[action]()[12:15] * 10
    frames = [observed(None if f.face is None else f.face.mesh.points, time=i / FPS,
                       openness=f.eyes.openness if f.eyes else 0, mouth=f.mouth or 0)
              for i, f in enumerate(held)]  # fmt: skip
    assert said(action, frames).score == 0.0


def test_waiting_says_nothing() -> None:
    state = begin(Asked("nod", 0.0, WINDOW), resting=REST)
    for frame in nodding()[:15]:
        state = step(state, frame)
    assert (result(state).score, result(state).code) == (None, "waiting")


def test_what_came_before_the_window_is_not_looked_at() -> None:
    state = begin(Asked("turn-left", 10.0, 14.0), resting=REST)
    for frame in turning(up_and_down(28)):
        state = step(state, frame)
    assert result(state).evidence["frames"] == 0


def test_returning_from_the_step_before_is_no_other_movement() -> None:
    home = [28, 26, 20, 12, 5, 0, 0]
    frames = [*turning(home), *blinking()]
    frames = [
        observed(f.face.mesh.points, time=i / FPS, openness=f.eyes.openness)
        for i, f in enumerate(frames)
        if f.face and f.eyes
    ]
    assert said("blink", frames).code == "done"


@pytest.mark.parametrize(
    ("action", "other"),
    [
        ("blink", turning(up_and_down(25))),
        ("turn-left", turning(up_and_down(-25))),
        ("turn-right", nodding(20)),
        ("turn-left", turning(sway(30, swings=2))),
        ("nod", speaking()),
        ("come-closer", speaking()),
        ("open-mouth", approaching()),
        ("shake-head", nodding(20)),
    ],
)
def test_another_movement_spoils_it(action: str, other: Frames) -> None:
    assert said(action, other).code == "other-movement"


def test_a_verdict_stands() -> None:
    state = watched("turn-left", turning(up_and_down(28)))
    assert state.done_after is not None
    for frame in turning(up_and_down(-30), begins=1.5):
        state = step(state, frame)
    assert result(state).code == "done"


@pytest.mark.parametrize("action", ["turn-left", "open-mouth", "blink", "come-closer"])
def test_one_slipped_frame_is_no_movement(action: str) -> None:
    slipped = {
        "turn-left": observed(head(HeadPose(30, 0, 0)), time=1),
        "open-mouth": observed(head(), time=1, mouth=0.3),
        "blink": observed(head(), time=1, openness=0.05),
        "come-closer": observed(head(distance=30), time=1),
    }
    frames = [*calm(15), slipped[action], *calm(15, begins=16 / FPS)]
    assert said(action, frames).code == "not-done"


def test_half_a_blink_is_none() -> None:
    assert said("blink", blinking(low=0.26)).code == "not-done"
    shut_for_good = [
        observed(head(), time=i / FPS, openness=0.3 if i < 9 else 0.1) for i in range(40)
    ]
    assert said("blink", shut_for_good).code == "not-done"


def test_a_face_that_is_gone_is_named() -> None:
    gone = [observed(None, time=i / FPS) for i in range(20)]
    assert said("nod", (*calm(6), *gone)).code == "face-lost"
    assert said("nod", calm(3)).code == "too-few-frames"


def test_the_eyes_must_follow_this_dot() -> None:
    reverse = [
        observed(f.face.mesh.points, time=f.captured, gaze=-f.eyes.gaze)
        for f in looking()
        if f.face and f.eyes
    ]
    assert said("follow-dot", reverse).code == "not-done"
    assert said("follow-dot", looking(top=0.01)).code == "not-done"
    assert said("follow-dot", looking(frames=20)).code == "not-done"


@pytest.mark.parametrize("action", ["turn-left", "turn-right", "shake-head"])
def test_tilting_a_print_turns_no_head(action: str) -> None:
    frames = [
        observed(noisy(sheet(HeadPose(a, 0, 0)), seed=i), time=i / FPS)
        for i, a in enumerate(sway(25))
    ]
    assert said(action, frames).score == 0.0


def test_an_unknown_action_cannot_begin() -> None:
    with pytest.raises(KeyError):
        begin(Asked("stand-on-your-head", 0, 1), resting=REST)


def test_events_are_told_in_order() -> None:
    assert movements_seen(watched("nod", nodding())) == ("+down", "=down", "-down")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), action=st.sampled_from(sorted(ACTIONS)))
def test_trembling_does_nothing(seed: int, action: str) -> None:
    rng = np.random.default_rng(seed)
    frames = [
        observed(
            noisy(head(), seed=seed + i, deviation=0.7),
            time=i / FPS,
            openness=0.3 + rng.normal(0, 0.015),
            gaze=rng.normal(0, 0.01),
            mouth=0.02 + abs(rng.normal(0, 0.006)),
        )
        for i in range(50)
    ]
    assert said(action, frames).code == "not-done"


@pytest.mark.models
@pytest.mark.parametrize(("performed", "asked"), [("blink", "blink"), ("nod", "nod")])
def test_an_actor_does_what_was_asked_and_nothing_else(
    basic_pack: Pack, performed: str, asked: str
) -> None:
    actor, rate = cast()[6], 10.0
    neutral = clip("neutral", fps=rate, seconds=0.8, seed=2)
    pictures = film(actor, (*neutral, *clip(performed, fps=rate, seed=2)))
    observer = Observer.from_pack(basic_pack)
    track, state = None, rest.START
    steps: dict[str, ActionState] = {}
    for i, pixels in enumerate(pictures):
        time = i / rate
        observation, track = observer.observe(
            pixels, sequence=i, captured=time, received=time, last=track
        )
        state = rest.step(state, observation)
        values = rest.resting(state)
        if values is not None and not steps:
            steps = {a: begin(Asked(a, time, 9.0, DOTS), resting=values) for a in ACTIONS}
        steps = {a: step(s, observation) for a, s in steps.items()}
    assert {a for a, s in steps.items() if result(s).score == 1} == {asked}
