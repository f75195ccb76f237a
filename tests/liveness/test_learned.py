from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.liveness.frames import blank, noisy, observed

from menshen.actors import attacks, render
from menshen.actors import cast as actors
from menshen.errors import ModelFileError
from menshen.faces.engine import Engine
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.faces.records import Box, Floats, Picture
from menshen.faces.runtime import Network
from menshen.liveness import learned
from menshen.liveness.learned import Learned, Model, crop, raised, tensor
from menshen.liveness.records import Observation
from menshen.liveness.sampling import Sampled


class FakeNetwork:
    """Gives the same logits for whatever it sees, and remembers it."""

    def __init__(self, *logits: float) -> None:
        self.logits = np.array([logits], np.float32)
        self.seen: list[Floats] = []

    def run(self, tensor: Floats) -> dict[str, Floats]:
        self.seen.append(tensor)
        return {"logits": self.logits}


def signal(*networks: FakeNetwork) -> Learned:
    scales = (2.7, 4.0)
    return Learned([Model(s, cast("Network", n)) for s, n in zip(scales, networks, strict=True)])


LIVE, PAPER = (0.0, 9.0, 0.0), (9.0, 0.0, 0.0)


def test_the_score_is_the_mean_of_both_live_probabilities() -> None:
    result = signal(FakeNetwork(0, np.log(3), -99), FakeNetwork(0, 0, 0)).look(observed(blank()))
    assert result.score == pytest.approx((0.75 + 1 / 3) / 2)
    assert result.evidence == pytest.approx({"scale_2.7": 0.75, "scale_4": 1 / 3})
    assert (result.signal, result.code) == ("minifasnet", "learned-live")


def test_two_models_that_say_paper() -> None:
    result = signal(FakeNetwork(*PAPER), FakeNetwork(*PAPER)).look(observed(blank()))
    assert result.code == "learned-artefact"
    assert result.score is not None
    assert result.score < 0.01


def test_large_logits_do_not_overflow() -> None:
    result = signal(FakeNetwork(500, 900, 0), FakeNetwork(-900, 0, 0)).look(observed(blank()))
    assert result.score == pytest.approx((1 + 0.5) / 2)


def test_no_face_no_score_and_no_network_run() -> None:
    networks = FakeNetwork(*LIVE), FakeNetwork(*LIVE)
    result = signal(*networks).look(observed(blank(), box=None))
    assert (result.score, result.code) == (None, "no-face")
    assert not any(n.seen for n in networks)


def test_a_stream_is_sampled() -> None:
    network = FakeNetwork(*LIVE)
    one = signal(network, FakeNetwork(*LIVE))
    state = Sampled()
    for number in range(60):
        state = one.step(state, observed(blank(), at=number / 15, sequence=number))
    assert len(network.seen) == 3
    assert one.result(state).evidence["frames"] == 3


def test_input_is_bgr_as_it_is() -> None:
    pixels = np.zeros((80, 80, 3), np.uint8)
    pixels[..., 0], pixels[..., 2] = 255, 7
    (planes,) = tensor(pixels)
    assert (planes.shape, planes.dtype) == ((3, 80, 80), np.float32)
    assert [plane[0, 0] for plane in planes] == [7, 0, 255]


def test_the_box_is_raised_and_made_taller() -> None:
    assert raised(Box(100, 200, 100, 100)) == Box(100, 185, 100, 120)


def gradient(width: int, height: int) -> Any:
    """Return a picture whose red is x and whose green is y, in 250ths of the sides."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 250, width)
    pixels[..., 1] = np.linspace(0, 250, height)[:, None]
    return pixels


def span_of(pixels: Any, box: Box, scale: float) -> tuple[float, float, float, float]:
    """Return left, right, top, bottom of what the crop shows, as shares of the frame."""
    shown = crop(pixels, box, scale=scale)
    assert shown.shape == (80, 80, 3)
    red, green = shown[40, :, 0] / 250, shown[:, 40, 1] / 250
    return red[0], red[-1], green[0], green[-1]


def test_the_crop_is_the_box_times_the_scale_about_its_centre() -> None:
    assert span_of(gradient(1000, 1000), Box(450, 450, 100, 100), 4.0) == pytest.approx(
        (0.3, 0.7, 0.3, 0.7), abs=0.01
    )


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(0, 450, 100, 100), (0.0, 0.4, 0.3, 0.7)),
        (Box(900, 900, 100, 100), (0.6, 1.0, 0.6, 1.0)),
        (Box(-60, -60, 100, 100), (0.0, 0.4, 0.0, 0.4)),
    ],
)
def test_at_the_edge_the_crop_is_shifted_not_cut(
    box: Box, expected: tuple[float, float, float, float]
) -> None:
    assert span_of(gradient(1000, 1000), box, 4.0) == pytest.approx(expected, abs=0.01)


def test_in_a_small_frame_the_crop_grows_less_in_both_directions() -> None:
    left, right, top, bottom = span_of(gradient(640, 480), Box(220, 140, 200, 200), 4.0)
    assert (top, bottom) == pytest.approx((0, 1), abs=0.01)
    assert (right - left) * 640 == pytest.approx(480, abs=8)


@given(
    st.floats(-200, 800),
    st.floats(-200, 600),
    st.floats(1, 900),
    st.floats(1, 900),
    st.sampled_from([2.7, 4.0]),
)
def test_any_box_gives_a_crop(x: float, y: float, w: float, h: float, scale: float) -> None:
    assert crop(blank(), Box(x, y, w, h), scale=scale).shape == (80, 80, 3)


def test_a_damaged_pack_is_told_when_first_used(basic_pack: Pack) -> None:
    pack = Pack(basic_pack.manifest, "", "", lambda _: NetworkBytes(b"no", b"network"))
    with pytest.raises(ModelFileError):
        Learned.of(pack).look(observed(noisy()))


@pytest.mark.shared
def test_the_real_models_tell_an_actor_from_a_replay(
    installed_pack: Callable[[str], Pack], engine: Engine
) -> None:
    signal = Learned.of(installed_pack(learned.NAME))
    scores = []
    actor = np.asarray(render(actors()[0]), np.uint8)
    for pixels in (actor, attacks.replay([actor])[0]):
        face = engine.find(Picture(pixels, (640, 480)))[0]
        scores.append(signal.look(Observation(0, 0, 0, pixels, 1, face, None, None)).score)
    live, replayed = scores
    assert live is not None
    assert replayed is not None
    assert live > 0.5 > replayed
