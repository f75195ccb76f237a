from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.meshes import (
    AHEAD,
    FPS,
    SIZE,
    calm,
    head,
    noisy,
    observed,
    sheet,
    sway,
    turning,
)

from menshen.actors import cast
from menshen.actors.attacks import Hold, printed
from menshen.actors.clips import clip, film
from menshen.faces.models.pack import Pack
from menshen.faces.records import Floats, HeadPose, Pixels
from menshen.liveness.observe import Observer, Track
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.structure import MOVED_ENOUGH, START, parallax, result, step

BEND = 0.08


def bent(pose: HeadPose, *, distance: float = 50) -> Floats:
    return sheet(pose, distance=distance, bend=BEND)


def judged(frames: Sequence[Observation]) -> SignalResult:
    state = START
    for frame in frames:
        state = step(state, frame)
    return result(state)


def shown(
    body: Callable[..., Floats], poses: Sequence[HeadPose], distances: Sequence[float] = ()
) -> tuple[Observation, ...]:
    """Eight calm frames, then the poses; or the distances, held straight."""
    places = [(p, 50.0) for p in poses] or [(AHEAD, d) for d in distances]
    all_ = [(AHEAD, places[0][1])] * 8 + places
    return tuple(
        observed(noisy(body(pose, distance=distance), seed=i), time=i / FPS)
        for i, (pose, distance) in enumerate(all_)
    )


def yaws(top: float) -> list[HeadPose]:
    return [HeadPose(angle, 0, 0) for angle in sway(top)]


def pitches(top: float) -> list[HeadPose]:
    return [HeadPose(0, angle, 0) for angle in sway(top)]


APPROACH = [50 - 25 * i / 20 for i in range(21)]


@pytest.mark.parametrize("poses", [yaws(20), yaws(-30), pitches(16)])
def test_a_head_that_turns_is_solid(poses: list[HeadPose]) -> None:
    said = judged(shown(head, poses))
    assert (said.score, said.code) == (1.0, "solid")


@pytest.mark.parametrize("body", [sheet, bent])
@pytest.mark.parametrize("poses", [yaws(25), yaws(40), pitches(25)])
def test_a_print_that_is_tilted_is_flat(body: Callable[..., Floats], poses: list[HeadPose]) -> None:
    said = judged(shown(body, poses))
    assert (said.score, said.code) == (0.0, "flat")
    assert said.evidence["shape-change-eye-distances"] >= MOVED_ENOUGH


def test_the_perspective_of_a_head_that_comes_closer_changes() -> None:
    assert judged(shown(head, [], APPROACH)).code == "solid"


def test_the_perspective_of_a_print_that_comes_closer_does_not() -> None:
    said = judged(shown(sheet, [], APPROACH))
    assert (said.score, said.code) == (0.0, "flat")
    assert said.evidence["growth"] > 1.5


def test_a_print_bent_like_a_head_is_doubtful_until_it_turns() -> None:
    assert judged(shown(bent, [], APPROACH)).code == "doubtful"
    assert judged(shown(bent, yaws(30))).code == "flat"


def test_who_does_not_move_is_neither() -> None:
    said = judged(calm(40))
    assert (said.score, said.code) == (None, "too-little-movement")


def test_nothing_is_said_before_a_calm_view() -> None:
    assert judged(turning([0, 8, 16, 24, 16, 8, 0])).score is None


def test_one_slipped_mesh_is_no_depth() -> None:
    frames = list(shown(sheet, yaws(25)))
    frames[20] = observed(head(HeadPose(35, 0, 0)), time=20 / FPS)
    assert judged(frames).code == "flat"


def test_frames_without_one_face_are_left_out() -> None:
    frames = [
        frame if i % 4 else observed(None, time=i / FPS)
        for i, frame in enumerate((*calm(8), *calm(8), *turning(sway(25))), start=1)
    ]
    crowd = [observed(head(HeadPose(30, 0, 0)), time=9, faces=2)] * 9
    assert judged(frames).code == "solid"
    assert judged((*calm(), *crowd)).code == "too-little-movement"


@given(
    yaw=st.floats(-35, 35),
    pitch=st.floats(-20, 20),
    roll=st.floats(-15, 15),
    distance=st.floats(35, 90),
)
def test_depth_carries_the_turn_of_a_head_and_none_of_a_sheet(
    yaw: float, pitch: float, roll: float, distance: float
) -> None:
    pose = HeadPose(yaw, pitch, roll)
    turned = parallax(head(distance=50), head(pose, distance=distance), size=SIZE)
    angle = (yaw**2 + pitch**2) ** 0.5
    # The fit is of first order: large turns close to the camera read up to a fifth wrong.
    assert turned.turn == pytest.approx(angle, abs=3 + 0.2 * angle)
    for body in (sheet, bent):
        held = parallax(body(AHEAD, distance=50), body(pose, distance=distance), size=SIZE)
        assert held.turn < 3
        assert abs(held.perspective) < (0.1 if body is sheet else 0.5)
    assert held.growth == pytest.approx(50 / distance, rel=0.2)


@given(seed=st.integers(0, 1000), deviation=st.floats(0, 1))
def test_trembling_is_no_turn(seed: int, deviation: float) -> None:
    seen = parallax(head(), noisy(head(), seed=seed, deviation=deviation), size=SIZE)
    assert seen.turn < 5
    assert seen.growth == pytest.approx(1, abs=0.03)


@pytest.mark.models
def test_an_actor_who_turns_is_solid_and_their_print_is_not(basic_pack: Pack) -> None:
    actor, rate = cast()[4], 10.0
    neutral = film(actor, clip("neutral", fps=rate, seconds=0.8, seed=1))
    turn = film(actor, clip("turn_right", fps=rate, seconds=1.6, seed=1))
    angles = [0.0] * 8 + list(sway(30, frames=24))
    tilted = [
        printed([neutral[0]], hold=Hold(yaw=a, unsteady=0), seed=i)[0] for i, a in enumerate(angles)
    ]
    observer = Observer.from_pack(basic_pack)
    alive, flat = (judged(followed(observer, shot)) for shot in ([*neutral, *turn], tilted))
    assert alive.code == "solid"
    assert alive.evidence["depth-carried-turn-degrees"] > 18
    assert flat.evidence["depth-carried-turn-degrees"] < 7
    assert flat.score is None or flat.score < 0.3


def followed(observer: Observer, pictures: Sequence[Pixels]) -> list[Observation]:
    track: Track | None = None
    seen = []
    for i, pixels in enumerate(pictures):
        observation, track = observer.observe(
            pixels, sequence=i, captured=i / 10, received=i / 10, last=track
        )
        seen.append(observation)
    return seen
