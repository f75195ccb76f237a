"""Active liveness: whether the person did what was asked, when asked, and nothing else.

Challenge and response by head and face movement (Pan et al. 2007, doi:10.1109/ICCV.2007.4409068
for the blink; Kollreider et al. 2007, doi:10.1109/TIFS.2007.902037 for motion on request). Each
movement is measured against the session's own resting values, must begin inside the window of
its step from rest, and counts when two of three successive frames show it.

What no rule here can see: a replayed video whose movements happen to be the asked ones, a
puppet driven live, a mask that moves with its wearer. The order drawn at random, the colours
and the structure of the face stand against those.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from menshen.liveness.actions import ACTIONS, MOVEMENTS, Dot, Look, follows
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.resting import Reading, Resting, reading

SIGNAL = "action"
MEMORY = 3
NEEDED = 2
"""A movement is there when it shows in two of the last three frames, and gone likewise."""
HELD = 0.4
"""Seconds after which a movement counts as held."""
FEWEST_FRAMES = 5
MOST_WITHOUT_FACE = 0.4
"""Share of a window's frames that may lack a face (a deep nod hides it)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One step of a challenge.

    ``begins`` and ``ends`` are on the server's clock, seconds, like `Observation.received`.
    ``dot`` is the path of the dot for the action ``follow-dot``.
    """

    action: str
    begins: float
    ends: float
    dot: tuple[Dot, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ActionState:
    """What has been seen within one step.

    ``ready`` are the movements that have been at rest within the window: only these can begin
    in it. ``since`` says when each movement that now shows was confirmed. ``events`` are
    confirmed beginnings (``+left``), holds (``=left``) and ends (``-left``), in order.
    """

    asked: Asked
    resting: Resting
    frames: int = 0
    faceless: int = 0
    recent: tuple[frozenset[str], ...] = ()
    ready: frozenset[str] = frozenset()
    since: tuple[tuple[str, float], ...] = ()
    events: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()
    done_after: float | None = None
    over: bool = False


def begin(asked: Asked, *, resting: Resting) -> ActionState:
    """Start watching one step; raises KeyError for an unknown action."""
    ACTIONS[asked.action]
    return ActionState(asked, resting)


def step(state: ActionState, observation: Observation) -> ActionState:
    """Take one frame; frames before the window, and all after the verdict, change nothing."""
    asked = state.asked
    if state.done_after is not None or state.over or observation.received < asked.begins:
        return state
    if observation.received > asked.ends:
        return dataclasses.replace(state, over=True)
    now = reading(observation)
    state = dataclasses.replace(state, frames=state.frames + 1)
    if now is None:
        return dataclasses.replace(state, faceless=state.faceless + 1)
    state = _noticed(_looked(state, now, observation), now, observation.received)
    if _forbidden(state):
        return dataclasses.replace(state, over=True)
    if _is_done(state):
        return dataclasses.replace(state, done_after=observation.received - asked.begins)
    return state


def result(state: ActionState) -> SignalResult:
    """Score 1 once the asked movement is complete, 0 once it cannot be any more, else None.

    Codes: ``done``, ``waiting``, ``other-movement``, ``not-done``, ``face-lost``,
    ``too-few-frames``.
    """
    code, score = _verdict(state)
    evidence = {"frames": float(state.frames), "frames-without-face": float(state.faceless)}
    if state.done_after is not None:
        evidence["seconds"] = state.done_after
    return SignalResult(SIGNAL, score, code, evidence)


def movements_seen(state: ActionState) -> tuple[str, ...]:
    """Return the confirmed beginnings and ends of movements, for the operator's timeline."""
    return state.events


def _verdict(state: ActionState) -> tuple[str, float | None]:
    if state.done_after is not None:
        return "done", 1.0
    if _forbidden(state):
        return "other-movement", 0.0
    if not state.over:
        return "waiting", None
    if state.frames < FEWEST_FRAMES:
        return "too-few-frames", 0.0
    if state.faceless > MOST_WITHOUT_FACE * state.frames:
        return "face-lost", 0.0
    return "not-done", 0.0


def _looked(state: ActionState, now: Reading, observation: Observation) -> ActionState:
    """Keep where the eyes looked, for the steps with a dot."""
    if not ACTIONS[state.asked.action].eyes_follow:
        return state
    look = Look(observation.received - state.asked.begins, now.gaze - state.resting.values.gaze)
    return dataclasses.replace(state, looks=(*state.looks, look))


def _noticed(state: ActionState, now: Reading, at: float) -> ActionState:
    """Bring movements, readiness and events up to date with one frame."""
    showing = frozenset(m.name for m in MOVEMENTS if m.shows(now, state.resting))
    resting_now = frozenset(m.name for m in MOVEMENTS if m.rests(now, state.resting))
    recent = (*state.recent, showing)[-MEMORY:]
    steady = frozenset(m.name for m in MOVEMENTS if _count(recent, m.name) >= NEEDED)
    since = dict(state.since)
    # Hysteresis: a movement ends when the face is back at rest, not when it falters.
    ended = since.keys() & resting_now - steady
    began = steady - since.keys() & state.ready
    held = {n for n, t in state.since if at - t >= HELD and f"={n}" not in state.events} - ended
    since = {**{n: t for n, t in since.items() if n not in ended}, **dict.fromkeys(began, at)}
    return dataclasses.replace(
        state,
        recent=recent,
        ready=state.ready | resting_now,
        since=tuple(since.items()),
        events=(*state.events, *_told("-", ended), *_told("+", began), *_told("=", held)),
    )


def _told(sign: str, names: Collection[str]) -> list[str]:
    return [sign + name for name in sorted(names)]


def _count(recent: Sequence[frozenset[str]], name: str) -> int:
    return sum(name in showing for showing in recent)


def _forbidden(state: ActionState) -> bool:
    tolerated = ACTIONS[state.asked.action].tolerated
    return any(
        m.deliberate and m.name not in tolerated and f"+{m.name}" in state.events for m in MOVEMENTS
    )


def _is_done(state: ActionState) -> bool:
    action = ACTIONS[state.asked.action]
    if action.eyes_follow:
        return follows(state.looks, state.asked.dot, noise=state.resting.deviations.gaze)
    return any(_in_order(pattern, state.events) for pattern in action.patterns)


def _in_order(pattern: Sequence[str], events: Sequence[str]) -> bool:
    """Tell whether the pattern's events occur in this order, others between them or not."""
    rest = iter(events)
    return all(event in rest for event in pattern)
