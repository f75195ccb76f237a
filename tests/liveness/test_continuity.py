from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.actors import Scene, attacks, cast
from menshen.actors.background import add_noise
from menshen.actors.clips import clip, film
from menshen.errors import ContractMismatchError
from menshen.faces.records import (
    Box,
    Detection,
    Face,
    Floats,
    HeadPose,
    Mesh,
    Pixels,
    Template,
)
from menshen.liveness import continuity
from menshen.liveness.continuity import ContinuityState, PersonBound, meet, result, start, step
from menshen.liveness.records import Observation, SignalResult

FPS = 12.0
SCENE = Scene(width=320, height=240)
FACE = Box(110, 60, 100, 130)
MESH = Mesh(np.zeros((468, 3), np.float32), 1.0)


def face(box: Box = FACE) -> Face:
    return Face(Detection(box, 0.9, np.zeros((6, 2), np.float32)), MESH, HeadPose(0, 0, 0))


def observation(
    pixels: Pixels, time: float, *, box: Box | None = FACE, faces: int | None = None
) -> Observation:
    found = None if box is None else face(box)
    count = int(box is not None) if faces is None else faces
    return Observation(0, time, time, pixels, count, found, None, None)


def watched(frames: Iterable[Pixels], *, fps: float = FPS) -> ContinuityState:
    state = start()
    for i, pixels in enumerate(frames):
        state = step(state, observation(pixels, i / fps))
    return state


def said(frames: Iterable[Pixels], *, fps: float = FPS) -> SignalResult:
    return result(watched(frames, fps=fps))


@cache
def performance(who: int, actions: Sequence[str], seed: int = 0) -> tuple[Pixels, ...]:
    frames: list[Pixels] = []
    for i, action in enumerate(actions):
        moments = clip(action, fps=FPS, seconds=2.0, scene=SCENE, seed=10 * seed + i)
        frames += film(cast()[who], moments)
    return tuple(frames)


ACTIONS = ("neutral", "shake_head", "nod", "turn_left")


@pytest.mark.parametrize("who", [0, 7])
def test_a_living_person_is_one_take(who: int) -> None:
    got = said(performance(who, ACTIONS))
    assert (got.code, got.score) == ("one-take", 1.0)
    assert got.evidence["repeated-frames"] == 0
    assert got.evidence["likeness-to-copy"] > 0.5


def test_a_few_frames_say_nothing() -> None:
    assert result(start()).score is None
    got = said(performance(0, ACTIONS)[:9])
    assert (got.code, got.score) == ("continuity-pending", None)


def test_a_camera_read_twice_in_a_row_is_one_take() -> None:
    twice = [frame for frame in performance(0, ACTIONS) for _ in (0, 1)]
    assert said(twice, fps=2 * FPS).code == "one-take"


def test_looped_frames() -> None:
    frames = performance(0, ACTIONS)
    got = said([frames[24 + i % 30] for i in range(90)])
    assert (got.code, got.score) == ("frames-repeated", 0.0)
    assert got.evidence["repeated-frames"] == 60


@pytest.mark.parametrize("deviation", [1.0, 3.0])
def test_looped_frames_under_fresh_noise(deviation: float) -> None:
    frames = performance(0, ACTIONS)
    loop = [frames[24 + i % 40] for i in range(90)]
    noisy = [add_noise(f, deviation=deviation, seed=i) for i, f in enumerate(loop)]
    got = said(noisy)
    assert (got.code, got.score) == ("frames-looped", 0.0)
    assert got.evidence["repeated-frames"] == 0


def test_looped_frames_coded_again() -> None:
    frames = performance(7, ACTIONS)
    loop = [frames[24 + i % 36] for i in range(90)]
    coded = []
    for i, frame in enumerate(loop):
        data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 60 + i % 30])[1]
        coded.append(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))
    assert said(coded).score == 0.0


def test_played_to_and_fro_again_and_again() -> None:
    part = performance(0, ACTIONS)[24:52]
    rocking = [*part, *part[-2:0:-1]] * 2
    noisy = [add_noise(f, deviation=1.5, seed=i) for i, f in enumerate(rocking)]
    assert said(noisy).code == "frames-looped"


@pytest.mark.parametrize("odd", [0.0, 1e-310, float("nan"), float("inf")])
def test_times_that_cannot_be_are_survived(odd: float) -> None:
    state = start()
    for i, pixels in enumerate(STATIC[:20]):
        state = step(state, observation(pixels, odd * i if i else odd))
    assert result(state).score is not None


def test_a_frozen_picture() -> None:
    frames = performance(0, ACTIONS)
    got = said([*frames[:20], *[frames[20]] * 30])
    assert got.code == "frames-frozen"
    assert got.evidence["longest-freeze-seconds"] == pytest.approx(29 / FPS)


def test_a_camera_that_stutters_is_not_frozen() -> None:
    frames = performance(0, ACTIONS)
    assert said([*frames[:20], *[frames[20]] * 8, *frames[21:60]]).code == "one-take"


def test_a_still_with_camera_noise_is_left_to_other_signals() -> None:
    assert said(attacks.still(performance(0, ACTIONS)[:40])).code == "one-take"


def test_another_place_from_one_frame_to_the_next_is_a_cut() -> None:
    frames = performance(0, ("neutral",))
    got = said([*frames, *(np.ascontiguousarray(frame[:, ::-1]) for frame in frames)])
    assert (got.code, got.score) == ("picture-cut", 0.0)


def test_another_face_in_the_same_place_is_an_exchange() -> None:
    """Only what is in the box changes, so much that it is no longer alike at all."""
    x, y, w, h = (int(v) for v in (FACE.x, FACE.y, FACE.width, FACE.height))
    exchanged = [frame.copy() for frame in STATIC[20:40]]
    for frame in exchanged:
        frame[y : y + h, x : x + w] = 255 - frame[y : y + h, x : x + w]
    state = watched([*STATIC[:20], *exchanged])
    assert state.fault in {"face-exchanged", "picture-cut"}


def test_somebody_else_in_the_same_stance_is_left_to_the_templates() -> None:
    frames = [*performance(0, ("neutral",)), *performance(1, ("neutral",))]
    templates = [template([1, 0]), template([0, 1])]
    state = start(BOUND)
    for i, pixels in enumerate(frames):
        state = step(state, observation(pixels, i / FPS))
    for one in templates:
        state = meet(state, one)
    assert result(state).score == 0.0


def test_the_first_fault_is_kept() -> None:
    frames = performance(0, ("neutral",))
    state = watched([*frames, *(np.ascontiguousarray(frame[:, ::-1]) for frame in frames)])
    first = state.fault
    assert first == "picture-cut"
    for i in range(40):
        state = step(state, observation(frames[0], 50 + i / FPS, box=None))
    assert state.fault == first
    assert result(state).score == 0.0


def noise_frames(count: int) -> list[Pixels]:
    """A textured picture under fresh noise, where only boxes and times matter."""
    rng = np.random.default_rng(1)
    card = cv2.resize(rng.integers(40, 200, (12, 16, 3), dtype=np.uint8), (320, 240))
    return [add_noise(np.asarray(card, np.uint8), deviation=1.5, seed=i) for i in range(count)]


STATIC = noise_frames(60)


def with_boxes(boxes: Sequence[Box | None], *, fps: float = FPS) -> SignalResult:
    state = start()
    for i, box in enumerate(boxes):
        state = step(state, observation(STATIC[i % len(STATIC)], i / fps, box=box))
    return result(state)


def test_a_face_that_stands_elsewhere_at_once_has_jumped() -> None:
    there = Box(210, 60, 100, 130)
    assert with_boxes([FACE] * 20 + [there] * 20).code == "face-jumped"


def test_a_face_that_grows_at_once_has_jumped() -> None:
    assert with_boxes([FACE] * 20 + [Box(60, 20, 200, 220)] * 20).code == "face-jumped"


def test_a_face_that_walks_there_has_not_jumped() -> None:
    path: list[Box | None] = [Box(20 + 8 * i, 60, 100, 130) for i in range(25)]
    assert with_boxes(path).code == "one-take"


def test_coming_closer_is_no_jump() -> None:
    sizes = np.linspace(70, 190, 24)
    path: list[Box | None] = [Box(160 - s / 2, 120 - s / 2, s, s) for s in sizes.tolist()]
    assert with_boxes(path).code == "one-take"


def test_a_face_missed_for_a_moment_is_still_there() -> None:
    assert with_boxes([FACE] * 20 + [None] * 9 + [FACE] * 20).code == "one-take"


@pytest.mark.parametrize("after", [0, 20], ids=["to-the-end", "and-back"])
def test_a_face_gone_for_long_is_lost(after: int) -> None:
    assert with_boxes([FACE] * 20 + [None] * 15 + [FACE] * after).code == "face-lost"


def test_a_face_that_never_came() -> None:
    assert with_boxes([None] * 20).code == "face-lost"


def test_a_gap_in_the_stream() -> None:
    state = watched(STATIC[:20])
    for i, pixels in enumerate(STATIC[20:40]):
        state = step(state, observation(pixels, 5 + i / FPS))
    assert result(state).code == "stream-gap"


@pytest.mark.parametrize(("company", "code"), [(2, "one-take"), (12, "several-faces")])
def test_company(company: int, code: str) -> None:
    state = start()
    for i, pixels in enumerate(STATIC[:40]):
        state = step(state, observation(pixels, i / FPS, faces=2 if i < company else 1))
    assert result(state).code == code


def template(vector: Sequence[float], contract: str = "c" * 64) -> Template:
    values: Floats = np.array(vector, np.float32)
    return Template(contract, (values / np.float32(np.linalg.norm(values)),))


BOUND = PersonBound(weights=(1.0,), lowest=0.8)


def met(templates: Sequence[Template], person: PersonBound | None = BOUND) -> SignalResult:
    state = start(person)
    for i, pixels in enumerate(STATIC[:20]):
        state = step(state, observation(pixels, i / FPS))
    for one in templates:
        state = meet(state, one)
    return result(state)


def test_the_same_person_throughout() -> None:
    got = met([template([1, 0, 0]), template([1, 0.3, 0]), template([1, 0, 0.5])])
    assert got.code == "one-take"
    assert got.evidence["templates"] == 3
    assert got.evidence["lowest-similarity"] == pytest.approx(1 / np.sqrt(1.25), abs=1e-4)


def test_somebody_else_at_the_end() -> None:
    got = met([template([1, 0, 0]), template([1, 0.1, 0]), template([0, 1, 0])])
    assert (got.code, got.score) == ("person-changed", 0.0)


def test_somebody_else_who_left_again() -> None:
    assert met([template([1, 0]), template([0, 1]), template([1, 0])]).code == "person-changed"


def test_without_a_bound_templates_are_not_judged() -> None:
    got = met([template([1, 0]), template([0, 1])], person=None)
    assert (got.code, got.evidence["templates"]) == ("one-take", 0.0)


def test_templates_of_two_packs_are_never_compared() -> None:
    with pytest.raises(ContractMismatchError):
        met([template([1, 0]), template([1, 0], "d" * 64)])


BOXES = st.none() | st.builds(
    Box, *[st.floats(-400, 400)] * 2, *[st.floats(0, 500, allow_subnormal=False)] * 2
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 2), BOXES, st.integers(0, 3), st.integers(0, 59)), max_size=30)
)
def test_whatever_comes_there_is_an_answer(
    rows: list[tuple[float, Box | None, int, int]],
) -> None:
    state, time = start(), 0.0
    for elapsed, box, faces, which in rows:
        before, time = state.fault, time + elapsed
        state = step(state, observation(STATIC[which], time, box=box, faces=faces))
        assert before is None or state.fault == before
    got = result(state)
    assert got.signal == continuity.SIGNAL
    assert got.score in {None, 0.0, 1.0}
    assert all(np.isfinite(value) for value in got.evidence.values())


def test_no_more_is_kept_than_a_session_needs() -> None:
    tiny = np.zeros((8, 8, 3), np.uint8)
    state = start()
    for i in range(continuity.MOST_FRAMES + 5):
        state = step(state, observation(tiny, i / 100, box=None))
    assert len(state.frames) == continuity.MOST_FRAMES
