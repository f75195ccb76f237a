from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
from tests.liveness.frames import blank, noisy, observed

from menshen.faces.models.pack import Pack
from menshen.faces.records import Floats
from menshen.faces.runtime import Network
from menshen.liveness import learned
from menshen.liveness.learned import Learned, Model
from menshen.liveness.passive import ACCEPT, ORDER, judge
from menshen.liveness.records import Observation


class Sure:
    """A network that takes everything for live."""

    def run(self, tensor: Floats) -> dict[str, Floats]:
        return {"logits": np.array([[0, 9, 0]], np.float32)}


LEARNED = Learned([Model(2.7, cast("Network", Sure()))])


def test_a_picture_is_judged_by_every_signal_that_needs_one_frame() -> None:
    names = [result.signal for result in judge([observed(noisy())])]
    assert names == ["moire", "bezel", "detail", "gamut", "screen-print"]
    names = [result.signal for result in judge([observed(noisy())], learned=LEARNED)]
    assert names[-1] == learned.NAME
    assert set(names) < set(ORDER)


def test_a_clip_adds_what_needs_frames() -> None:
    clip = [observed(noisy(), at=i / 10, sequence=i) for i in range(20)]
    results = {result.signal: result for result in judge(clip, learned=LEARNED)}
    assert tuple(results) == ORDER
    assert results["glare"].evidence["frames"] == 20
    assert results["moire"].evidence["frames"] == 2  # at 0 and 1.9 seconds
    assert results["minifasnet"].score is not None
    assert results["minifasnet"].score > ACCEPT


def test_frames_are_taken_one_by_one() -> None:
    """A clip of minutes must not lie in memory whole."""
    events: list[str] = []

    def frames() -> Iterator[Observation]:
        for i in range(3):
            events.append(f"asked {i}")
            yield observed(blank(), at=2.0 * i, sequence=i)

    class Watching(Sure):
        def run(self, tensor: Floats) -> dict[str, Floats]:
            events.append("judged")
            return super().run(tensor)

    judge(frames(), learned=Learned([Model(2.7, cast("Network", Watching()))]))
    assert events == ["asked 0", "judged", "asked 1", "judged", "asked 2", "judged"]


def test_nothing_to_see() -> None:
    assert {result.code for result in judge([])} == {"nothing-seen"}
    faceless = judge([observed(blank(), box=None)])
    assert {(result.score, result.code) for result in faceless} == {(None, "no-face")}


def test_the_same_frames_give_the_same_results() -> None:
    clip = [observed(noisy(i), at=i / 2, sequence=i) for i in range(4)]
    assert judge(clip) == judge(clip)


def test_the_signal_of_a_pack_is_the_one_the_manifest_names(basic_pack: Pack) -> None:
    assert Learned.of(basic_pack).name == ORDER[-1] == learned.NAME
