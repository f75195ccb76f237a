from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.meshes import FPS, calm, head, noisy, observed, turning

from menshen.faces.records import HeadPose
from menshen.liveness.records import Observation
from menshen.liveness.resting import CALM_FRAMES, START, Resting, reading, resting, step


def rested(frames: tuple[Observation, ...]) -> Resting | None:
    state = START
    for frame in frames:
        state = step(state, frame)
    return resting(state)


@given(
    yaw=st.floats(-15, 15),
    pitch=st.floats(-12, 16),
    openness=st.floats(0.15, 0.4),
    gaze=st.floats(-0.1, 0.1),
    mouth=st.floats(0, 0.1),
    distance=st.floats(35, 90),
)
def test_everybody_has_their_own_resting_values(
    yaw: float, pitch: float, openness: float, gaze: float, mouth: float, distance: float
) -> None:
    points = head(HeadPose(yaw, pitch, 0), distance=distance)
    frames = tuple(
        observed(points, time=i / FPS, openness=openness, gaze=gaze, mouth=mouth)
        for i in range(CALM_FRAMES)
    )
    rest = rested(frames)
    assert rest is not None
    assert rest.values.yaw == pytest.approx(yaw, abs=1.5)
    assert rest.values.pitch == pytest.approx(pitch, abs=1.5)
    assert (rest.values.openness, rest.values.gaze) == pytest.approx((openness, gaze))
    assert rest.values.mouth == pytest.approx(mouth)
    assert max(dataclasses.astuple(rest.deviations)) == pytest.approx(0, abs=1e-6)


def test_a_blink_among_the_calm_frames_does_not_matter() -> None:
    lids = [0.3, 0.31, 0.1, 0.12, 0.3, 0.29, 0.3]
    frames = tuple(observed(head(), time=i / FPS, openness=o) for i, o in enumerate(lids))
    rest = rested(frames)
    assert rest is not None
    assert rest.values.openness == pytest.approx(0.3)


def test_movement_starts_the_run_anew() -> None:
    assert rested((*turning([0, 0, 0, 0, 10, 20, 20]), *calm(3, begins=1))) is None
    rest = rested((*turning([0, 0, 0, 0, 0, 10, 10]), *turning([10.0] * 6, begins=1)))
    assert rest is not None
    assert rest.values.yaw == pytest.approx(10, abs=2)


@pytest.mark.parametrize("missing", [observed(None, time=9), observed(head(), time=9, faces=2)])
def test_an_empty_or_crowded_picture_starts_the_run_anew(missing: Observation) -> None:
    assert rested((*calm(6), missing, *calm(6, begins=2))) is None
    assert rested((*calm(6), missing, *calm(7, begins=2))) is not None


def test_who_walks_up_or_looks_away_is_not_at_rest() -> None:
    walking = tuple(
        observed(head(distance=90 - 6 * i), time=i / FPS) for i in range(CALM_FRAMES + 2)
    )
    assert rested(walking) is None
    assert rested(turning([35.0] * 20)) is None


def test_what_comes_later_changes_nothing() -> None:
    before = rested(calm(CALM_FRAMES))
    assert before == rested((*calm(CALM_FRAMES), *turning([30.0] * 20, begins=2)))


def test_trembling_is_measured() -> None:
    frames = tuple(observed(noisy(head(), seed=i), time=i / FPS) for i in range(CALM_FRAMES))
    rest = rested(frames)
    assert rest is not None
    assert 0 < rest.deviations.yaw < 2


def test_turning_does_not_change_the_size() -> None:
    sizes = [reading(frame) for frame in turning([0, 15, 30])]
    assert all(r is not None for r in sizes)
    ahead, half, turned = (r.size for r in sizes if r is not None)
    assert (half, turned) == pytest.approx((ahead, ahead), rel=0.08)


def test_nobody_reads_as_nothing() -> None:
    assert reading(observed(None, time=0)) is None
