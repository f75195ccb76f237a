from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.liveness.frames import blank, observed

from menshen.actors import Scene, attacks, render
from menshen.actors import cast as actors
from menshen.actors.attacks import Hold
from menshen.faces.decode import decode
from menshen.faces.engine import Engine
from menshen.faces.records import Picture, Pixels
from menshen.liveness import screen_print
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.sampling import Sampled
from menshen.liveness.screen_print import LOOKS, fuse

Look = Callable[[Pixels], Observation]


def results(**scores: float | None) -> list[SignalResult]:
    """Return results of the looks; those not named found nothing."""
    return [SignalResult(name, scores.get(name, 0.9), f"{name}-code") for name in LOOKS]


@pytest.mark.parametrize("telling", ["moire", "bezel"])
def test_a_raster_or_a_frame_is_enough(telling: str) -> None:
    result = fuse(results(**{telling: 0.1}))
    assert (result.score, result.code) == (0.1, f"{telling}-code")


@pytest.mark.parametrize(("lacking", "other"), [("detail", "gamut"), ("gamut", "detail")])
def test_missing_detail_or_colour_alone_convicts_nobody(lacking: str, other: str) -> None:
    assert fuse(results(**{lacking: 0.0})).score == 0.9
    both = fuse(results(**{lacking: 0.0, other: 0.2}))
    assert (both.score, both.code) == (0.2, f"{other}-code")


def test_one_of_the_pair_that_cannot_speak_silences_the_pair() -> None:
    assert fuse(results(detail=None, gamut=0.0)).score == 0.9
    assert fuse(results(detail=0.0, gamut=None)).score == 0.9


def test_without_any_score_there_is_none_and_the_reason_is_told() -> None:
    result = fuse(results(**dict.fromkeys(LOOKS)))
    assert (result.score, result.code) == (None, "moire-code")
    assert fuse([]).code == "nothing-seen"


def test_evidence_is_every_looks_score() -> None:
    assert fuse(results(moire=0.4, gamut=None)).evidence == {
        "moire": 0.4,
        "bezel": 0.9,
        "detail": 0.9,
    }


def test_nothing_is_said_without_a_face() -> None:
    result = screen_print.look(observed(blank(), box=None))
    assert (result.signal, result.score, result.code) == ("screen-print", None, "no-face")


@pytest.fixture(scope="module")
def seen(engine: Engine) -> Look:
    def see(pixels: Pixels) -> Observation:
        height, width = pixels.shape[:2]
        faces = engine.find(Picture(pixels, (width, height)))
        return Observation(0, 0, 0, pixels, len(faces), faces[0], None, None)

    return see


@pytest.fixture(scope="module")
def live() -> list[Pixels]:
    lights = [Scene(), Scene(key_intensity=0.35, ambient=0.25), Scene(key_colour=(1, 0.8, 0.55))]
    chosen = zip(actors()[:3], lights, strict=True)
    return [np.asarray(render(actor, scene=scene), np.uint8) for actor, scene in chosen]


def test_actors_before_the_camera_pass(live: list[Pixels], seen: Look) -> None:
    for pixels in live:
        result = screen_print.look(seen(pixels))
        assert result.score is not None
        assert result.score > 0.5, result


def test_prints_and_replays_of_actors_do_not_pass(live: list[Pixels], seen: Look) -> None:
    for number, pixels in enumerate(live):
        for attack in (attacks.printed, attacks.bent_print, attacks.replay):
            (frame,) = attack([pixels], seed=number)
            result = screen_print.look(seen(frame))
            assert result.score is not None
            assert result.score < 0.5, (attack.__name__, result)


def test_a_replay_that_fills_the_view_shows_its_raster(live: list[Pixels], seen: Look) -> None:
    (frame,) = attacks.replay(live[:1])
    assert LOOKS["moire"](seen(frame)).code == "raster-seen"


def test_a_soft_screen_that_fills_the_view_passes_here(live: list[Pixels], seen: Look) -> None:
    """What this signal cannot do, written down: others must refuse it."""
    (frame,) = attacks.replay(live[:1], hold=Hold(distance=0.95))
    result = screen_print.look(seen(frame))
    assert result.score is not None
    assert result.score > 0.5


def test_a_stream_is_judged_by_its_median_frame(live: list[Pixels], seen: Look) -> None:
    good = seen(live[0])
    bad = seen(attacks.printed(live[:1])[0])
    state = Sampled()
    for number, one in enumerate((good, bad, good)):
        frame = Observation(number, 2 * number, 2 * number, one.pixels, 1, one.face, None, None)
        state = screen_print.step(state, frame)
    result = screen_print.result(state)
    assert result.score is not None
    assert result.score > 0.5
    assert result.evidence["frames"] == 3


@pytest.mark.shared
def test_real_portraits_are_not_called_screens(shared_material: Path, engine: Engine) -> None:
    paths = sorted((shared_material / "faces").glob("*.jpg"))
    assert paths
    for path in paths:
        picture = decode(path.read_bytes())
        face = engine.find(picture)[0]
        result = screen_print.look(Observation(0, 0, 0, picture.pixels, 1, face, None, None))
        assert result.score is not None
        assert result.score > 0.5, (path.name, result)


@pytest.mark.shared
def test_the_figures_of_decision_9_hold_on_a_sample(shared_material: Path, engine: Engine) -> None:
    """Every fifth frame of the people no threshold was chosen on."""
    errors = {}
    for kind in ("live", "spoof"):
        every = sorted((shared_material / "liveness" / kind).glob("*.jpg"))
        held_out = [path for path in every if int(path.name[:4]) % 2 == 0][::5]
        scores = []
        for path in held_out:
            picture = decode(path.read_bytes())
            face = engine.find(picture)[0]
            seen = Observation(0, 0, 0, picture.pixels, 1, face, None, None)
            scores.append(screen_print.look(seen).score or 0.0)
        errors[kind] = sum((score >= 0.5) != (kind == "live") for score in scores) / len(scores)
    assert errors["live"] <= 0.05
    assert errors["spoof"] <= 0.15
