from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.actors import Scene, attacks, cast, render
from menshen.actors.background import add_noise
from menshen.faces.engine import Engine
from menshen.faces.records import (
    Box,
    Detection,
    Face,
    Floats,
    HeadPose,
    Mesh,
    Picture,
    Pixels,
)
from menshen.liveness import colour_echo
from menshen.liveness.challenge import PALETTE, RESTING, Challenge, draw
from menshen.liveness.colour_echo import EchoState, result, show, step
from menshen.liveness.profiles import plan
from menshen.liveness.records import Colour, Observation, SignalResult

FPS = 15.0
BEGIN = 0.5
LAG = 0.12


def challenge(seed: int = 1) -> Challenge:
    return draw(plan(), randbelow=random.Random(seed).randrange)  # noqa: S311


def shown(asked: Challenge, begin: float = BEGIN) -> EchoState:
    state = EchoState()
    for flash in asked.flashes:
        state = show(state, flash.colour, at=begin + flash.start)
    return show(state, RESTING, at=begin + length(asked))


def length(asked: Challenge) -> float:
    return asked.flashes[-1].start + asked.flashes[-1].duration


def colour_at(asked: Challenge, time: float) -> Colour:
    for flash in asked.flashes:
        if flash.start <= time < flash.start + flash.duration:
            return flash.colour
    return RESTING


def times(asked: Challenge, *, fps: float = FPS) -> list[float]:
    return [i / fps for i in range(int((BEGIN + length(asked) + 0.6) * fps))]


def in_light(
    asked: Challenge,
    look: Callable[[Colour], Pixels],
    *,
    lag: float = LAG,
    noise: float = 1.5,
    fps: float = FPS,
) -> list[tuple[float, Pixels]]:
    """Frames of somebody lit by the colours, `lag` after they were shown, under camera noise."""
    return [
        (t, add_noise(look(colour_at(asked, t - BEGIN - lag)), deviation=noise, seed=i))
        for i, t in enumerate(times(asked, fps=fps))
    ]


def said(state: EchoState, frames: Sequence[tuple[float, Pixels]], face: Face) -> SignalResult:
    for i, (time, pixels) in enumerate(frames):
        state = step(state, Observation(i, time, time, pixels, 1, face, None, None))
    return result(state)


# -- a drawn card: skin in the middle, wall around, both lit as told ---------------------------

SKIN, WALL = np.array([0.35, 0.22, 0.16]), np.array([0.4, 0.4, 0.38])
AMBIENT = 0.5


def card_face() -> Face:
    """A mesh whose points fill a box: every patch lies on the card's skin."""
    grid = np.random.default_rng(0).random((468, 3)).astype(np.float32)
    points = grid * [80, 110, 0] + [120, 60, 0]
    box = Box(120, 60, 80, 110)
    return Face(
        Detection(box, 0.9, np.zeros((6, 2), np.float32)),
        Mesh(points.astype(np.float32), 1.0),
        HeadPose(0, 0, 0),
    )


def developed(linear: Floats) -> Pixels:
    return np.asarray(np.clip(linear, 0, 1) ** (1 / 2.4) * 255, np.uint8)


def card(colour: Colour, *, skin: float = 0.1, wall: float = 0.01, gain: float = 1.0) -> Pixels:
    light = np.empty((240, 320, 3))
    light[:] = WALL * (AMBIENT + wall * colour.vector())
    light[50:180, 110:210] = SKIN * (AMBIENT + skin * colour.vector())
    return developed((light * gain).astype(np.float32))


def card_said(
    asked: Challenge,
    look: Callable[[Colour], Pixels] = card,
    *,
    lag: float = LAG,
    state: EchoState | None = None,
    noise: float = 1.5,
) -> SignalResult:
    frames = in_light(asked, look, lag=lag, noise=noise)
    return said(state or shown(asked), frames, card_face())


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.36), st.floats(0.05, 0.3))
def test_an_echo_is_found_at_its_lag(seed: int, lag: float, strength: float) -> None:
    got = card_said(challenge(seed), lambda c: card(c, skin=strength), lag=lag)
    assert got.code == "echo-present"
    assert got.score is not None
    assert got.score > 0.5
    assert got.evidence["lag-seconds"] == pytest.approx(lag, abs=0.07)


@pytest.mark.parametrize("lag", [0.55, 0.8, 1.1])
def test_an_echo_that_is_late(lag: float) -> None:
    got = card_said(challenge(3), lag=lag)
    assert (got.code, got.score) == ("echo-late", 0.0)
    assert got.evidence["best-lag-seconds"] == pytest.approx(lag, abs=0.07)


def test_an_echo_before_its_colour() -> None:
    got = card_said(challenge(3), lag=-0.3)
    assert (got.code, got.score) == ("echo-early", 0.0)


def test_no_echo_at_all() -> None:
    got = card_said(challenge(3), lambda _: card(RESTING))
    assert (got.code, got.score) == ("echo-missing", 0.0)


def test_the_echo_of_other_colours() -> None:
    """A perfect recording of another session: seldom any likeness, never another answer."""
    answers = []
    for seed in range(10):
        frames = in_light(challenge(1000 + seed), card)
        answers.append(said(shown(challenge(seed)), frames, card_face()))
    scores = [answer.score for answer in answers if answer.score is not None]
    assert not [answer for answer in answers if answer.code == "echo-present"]
    assert max(scores) < 0.5


def test_a_tint_over_the_whole_picture_is_not_an_echo() -> None:
    got = card_said(challenge(4), lambda c: card(c, skin=0.1, wall=0.1))
    assert (got.code, got.score) == ("echo-not-on-skin", 0.0)
    assert got.evidence["wall-correlation"] > 0.8


def test_a_camera_that_adapts_its_exposure_does_not_hide_the_echo() -> None:
    def look(colour: Colour) -> Pixels:
        return card(colour, gain=0.8 + 0.4 * colour.blue)

    got = card_said(challenge(5), look)
    assert got.code == "echo-present"


def test_so_much_noise_that_nothing_can_be_told() -> None:
    got = card_said(challenge(6), lambda c: card(c, gain=0.02), noise=14.0)
    assert (got.code, got.score) == ("echo-unclear", None)


def test_skin_so_bright_that_nothing_can_be_told() -> None:
    got = card_said(challenge(6), lambda c: card(c, gain=30.0))
    assert (got.code, got.score) == ("echo-too-bright", None)
    assert got.evidence["clipped-share"] > 0.9


def test_without_a_wall_in_the_picture_skin_alone_is_enough() -> None:
    def close(colour: Colour) -> Pixels:
        return np.ascontiguousarray(card(colour)[50:180, 110:210])

    face = card_face()
    moved = face.mesh.points - np.array([110, 50, 0], np.float32)
    near = dataclasses.replace(face, mesh=Mesh(moved, 1.0))
    got = said(shown(challenge(7)), in_light(challenge(7), close), near)
    assert got.code == "echo-present"
    assert got.evidence["wall-gain"] == 0.0


def test_nothing_is_said_before_the_colours_ended() -> None:
    asked = challenge(8)
    frames = in_light(asked, card)
    state = EchoState()
    assert result(state).code == "echo-pending"
    for flash in asked.flashes:
        state = show(state, flash.colour, at=BEGIN + flash.start)
    got = said(state, frames, card_face())
    assert (got.code, got.score) == ("echo-pending", None)
    ended = show(EchoState((), ()), RESTING, at=0.0)
    assert result(ended).code == "echo-pending"


def test_a_few_frames_say_nothing() -> None:
    asked = challenge(8)
    assert said(shown(asked), in_light(asked, card)[:10], card_face()).code == "echo-pending"


def test_colours_are_shown_in_order() -> None:
    state = show(EchoState(), PALETTE[0], at=1.0)
    with pytest.raises(ValueError, match="one after the other"):
        show(state, PALETTE[1], at=0.9)
    with pytest.raises(ValueError, match="some time"):
        show(state, PALETTE[1], at=float("nan"))


def test_frames_without_a_face_and_after_the_end_leave_no_trace() -> None:
    asked = challenge(9)
    state = shown(asked)
    pixels = card(RESTING)
    none = step(state, Observation(0, 0.6, 0.6, pixels, 0, None, None, None))
    late = step(state, Observation(0, 60.0, 60.0, pixels, 1, card_face(), None, None))
    assert none == state == late


def test_a_face_outside_the_picture_is_survived() -> None:
    asked = challenge(9)
    face = card_face()
    far = dataclasses.replace(face, mesh=Mesh(face.mesh.points + np.float32(900), 1.0))
    got = said(shown(asked), in_light(asked, card), far)
    assert got.score in {None, 0.0}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.integers(4, 7))
def test_whatever_was_seen_there_is_an_answer(seed: int, frames: int, colours: int) -> None:
    rng = np.random.default_rng(seed)
    state = EchoState()
    for i in range(colours):
        state = show(state, PALETTE[int(rng.integers(6))], at=float(i) / 2)
    state = show(state, RESTING, at=colours / 2)
    samples = tuple(
        colour_echo.Sample(float(t), tuple(rng.normal(size=3)), tuple(rng.normal(size=3)))
        for t in rng.uniform(-1, 5, frames)
    )
    got = result(dataclasses.replace(state, samples=samples))
    assert got.score is None or 0 <= got.score <= 1
    assert all(type(value) is float and np.isfinite(value) for value in got.evidence.values())
    assert -1.0 <= got.evidence.get("correlation", 0.0) <= 1.0


# -- people who do not exist, found by the real detector and mesh ------------------------------

STRENGTH = 0.1
CONDITIONS = {
    "plain": Scene(noise=0.0),
    "side": Scene(noise=0.0, key_direction=(1.0, 0.2, 0.15), ambient=0.2),
    "warm": Scene(noise=0.0, key_colour=(1.0, 0.75, 0.45), key_intensity=0.9),
}


def looks(who: int, scene: Scene) -> dict[Colour, Pixels]:
    return {
        colour: render(
            cast()[who],
            scene=dataclasses.replace(
                scene,
                flash=(STRENGTH * colour.red, STRENGTH * colour.green, STRENGTH * colour.blue),
            ),
        )
        for colour in (*PALETTE, RESTING)
    }


def found(engine: Engine, pixels: Pixels) -> Face:
    return engine.find(Picture(pixels, (pixels.shape[1], pixels.shape[0])))[0]


@pytest.mark.models
@pytest.mark.parametrize(("who", "condition", "noise"), [(0, "plain", 1.5), (8, "side", 4.0)])
def test_skin_of_people_echoes(engine: Engine, who: int, condition: str, noise: float) -> None:
    seen = looks(who, CONDITIONS[condition])
    asked = challenge(20 + who)
    frames = in_light(asked, seen.__getitem__, noise=noise)
    got = said(shown(asked), frames, found(engine, frames[0][1]))
    assert got.code == "echo-present"
    assert got.evidence["gain"] > 3 * got.evidence["wall-gain"]


@pytest.mark.models
def test_attacks_do_not_echo(engine: Engine) -> None:
    seen = looks(3, dataclasses.replace(CONDITIONS["warm"], width=320, height=240))
    asked, other = challenge(30), challenge(31)
    frames = in_light(other, seen.__getitem__, fps=10.0)
    at = [time for time, _ in frames]
    pixels = [frame for _, frame in frames]
    for kind, attack in {
        "still": attacks.still(pixels),
        "print": attacks.printed(pixels),
        "replay": attacks.replay(pixels),
        "perfect-replay": tuple(pixels),
    }.items():
        got = said(shown(asked), list(zip(at, attack, strict=True)), found(engine, attack[0]))
        assert got.code != "echo-present", kind
        assert got.score is None or got.score < 0.5, kind
