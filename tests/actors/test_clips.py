import numpy as np
import pytest

from menshen.actors import Scene, cast
from menshen.actors.clips import ACTIONS, clip, film


@pytest.mark.parametrize("action", ACTIONS)
def test_clips_are_timed_deterministic_and_end_near_rest(action: str) -> None:
    moments = clip(action, fps=10, seconds=2.0, seed=3)
    assert len(moments) == 20
    assert [m.time for m in moments] == pytest.approx([i / 10 for i in range(20)])
    assert moments == clip(action, fps=10, seconds=2.0, seed=3)
    last = moments[-1].pose
    assert max(abs(last.yaw), abs(last.pitch), abs(last.roll)) < 5
    assert max(last.blink, last.mouth) < 0.05


def test_every_frame_has_its_own_camera_noise() -> None:
    seeds = [m.scene.noise_seed for m in clip("neutral", seed=1) + clip("neutral", seed=2)]
    assert len(set(seeds)) == len(seeds)


def reach(action: str, name: str) -> tuple[float, float]:
    values = [getattr(m.pose, name) for m in clip(action, fps=30)]
    return min(values), max(values)


def test_left_and_right_are_the_persons_own() -> None:
    assert reach("turn_left", "yaw")[1] > 25
    assert reach("turn_left", "yaw")[0] > -4
    assert reach("turn_right", "yaw")[0] < -25


def test_actions_do_what_they_say_and_nothing_else() -> None:
    assert reach("nod", "pitch")[1] > 13
    assert reach("blink", "blink")[0] == 0.0
    assert reach("blink", "blink")[1] > 0.95
    assert reach("open_mouth", "mouth")[1] > 0.8
    low, high = reach("shake_head", "yaw")
    assert low < -13
    assert high > 13
    low, high = reach("follow_dot", "gaze")
    assert low < -20
    assert high > 20
    for name in ("yaw", "pitch", "roll"):
        low, high = reach("neutral", name)
        assert -4 < low < high < 4
    for action in ACTIONS:
        assert action == "blink" or reach(action, "blink") == (0.0, 0.0)


def test_coming_closer_shortens_the_distance_steadily() -> None:
    distances = [m.scene.distance for m in clip("come_closer", scene=Scene(distance=0.9))]
    assert distances[0] == pytest.approx(0.9)
    assert distances[-1] == pytest.approx(0.9 * 0.58)
    assert (np.diff(distances) <= 0).all()


def test_a_very_short_clip_has_one_frame() -> None:
    assert len(clip("nod", fps=5, seconds=0.01)) == 1


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(KeyError):
        clip("fly")


def test_filming_renders_every_moment() -> None:
    scene = Scene(width=160, height=120)
    frames = film(cast()[0], clip("turn_left", fps=3, seconds=1.0, scene=scene))
    assert [f.shape for f in frames] == [(120, 160, 3)] * 3
    assert not np.array_equal(frames[0], frames[1])
