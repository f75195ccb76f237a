import dataclasses

import numpy as np
import pytest

from menshen.actors import Pose, Scene, cast, render
from menshen.actors.renderer import eye_outlines

ACTOR = cast()[0]
SMALL = Scene(width=320, height=240, noise=0.0)


def shot(pose: Pose = Pose(), **changes: object) -> np.ndarray:  # noqa: B008
    scene = dataclasses.replace(SMALL, **changes)  # type: ignore[arg-type]
    return render(ACTOR, pose=pose, scene=scene)


def changed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rows and columns (n, 2) of pixels that differ visibly."""
    return np.argwhere(np.abs(a.astype(int) - b).max(2) > 12)


def test_a_frame_is_rgb_of_the_asked_size_and_deterministic() -> None:
    scene = Scene(width=200, height=150, noise_seed=4)
    first = render(ACTOR, scene=scene)
    assert first.shape == (150, 200, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, render(ACTOR, scene=scene))
    other = render(ACTOR, scene=dataclasses.replace(scene, noise_seed=5))
    assert not np.array_equal(first, other)


def test_portrait_frames_work_too() -> None:
    assert shot(width=240, height=320).shape == (320, 240, 3)


def test_a_blink_changes_the_eyes_only() -> None:
    where = changed(shot(), shot(Pose(blink=1.0)))
    left, right = eye_outlines(ACTOR, scene=SMALL)
    box = np.vstack([left, right])
    assert len(where) > 20
    assert where[:, 1].min() > box[:, 0].min() - 8
    assert where[:, 1].max() < box[:, 0].max() + 8
    assert where[:, 0].min() > box[:, 1].min() - 8
    assert where[:, 0].max() < box[:, 1].max() + 8


def test_a_wink_closes_the_right_eye_which_is_on_the_images_left() -> None:
    where = changed(shot(), shot(Pose(blink=0.0, blink_right=1.0)))
    assert len(where) > 10
    assert where[:, 1].max() < 160


def test_an_open_mouth_changes_the_lower_face() -> None:
    where = changed(shot(), shot(Pose(mouth=1.0)))
    left, _ = eye_outlines(ACTOR, scene=SMALL)
    assert len(where) > 100
    assert np.median(where[:, 0]) > left[:, 1].max() + 10


def test_a_smile_changes_the_mouth() -> None:
    assert len(changed(shot(), shot(Pose(smile=1.0)))) > 20


def test_gaze_moves_the_dark_of_the_eyes() -> None:
    left, _ = eye_outlines(ACTOR, scene=SMALL)
    rows = slice(int(left[:, 1].min()), int(left[:, 1].max()) + 1)
    columns = slice(int(left[:, 0].min()), int(left[:, 0].max()) + 1)

    def darkness(gaze: float) -> float:
        eye = 255.0 - shot(Pose(gaze=gaze))[rows, columns].mean(2)
        weight = np.clip(eye - np.percentile(eye, 80), 0, None)
        return float((weight * np.arange(weight.shape[1])).sum() / weight.sum())

    assert darkness(-28) < darkness(0) < darkness(28)


@pytest.mark.parametrize(("yaw", "pitch"), [(25, 0), (-25, 0), (0, 18), (0, -18)])
def test_turning_moves_the_eyes_the_right_way(yaw: float, pitch: float) -> None:
    at_rest = np.vstack(eye_outlines(ACTOR, scene=SMALL)).mean(0)
    turned = np.vstack(eye_outlines(ACTOR, pose=Pose(yaw=yaw, pitch=pitch), scene=SMALL)).mean(0)
    move = turned - at_rest
    assert move[0] * yaw >= 0
    assert move[1] * pitch >= 0
    assert np.abs(move).max() > 3


def test_coming_closer_makes_the_face_larger() -> None:
    def between_eyes(distance: float) -> float:
        scene = dataclasses.replace(SMALL, distance=distance)
        left, right = eye_outlines(ACTOR, scene=scene)
        return float(left[:, 0].mean() - right[:, 0].mean())

    # The eyes lie about 12 cm before the middle of the head.
    expected = (0.72 - 0.12) / (0.36 - 0.12)
    assert between_eyes(0.36) / between_eyes(0.72) == pytest.approx(expected, rel=0.06)


def test_offsets_move_the_person_right_and_down() -> None:
    left, _ = eye_outlines(ACTOR, scene=SMALL)
    moved, _ = eye_outlines(ACTOR, scene=dataclasses.replace(SMALL, offset_x=0.05, offset_y=0.05))
    assert np.allclose(moved - left, (moved - left)[0], atol=0.3)
    expected = 320 * 0.05 / (0.72 - 0.12)
    assert (moved - left)[0] == pytest.approx([expected, expected], rel=0.06)


def test_a_screen_colours_the_face_more_than_the_room() -> None:
    plain, blue = shot().astype(int), shot(flash=(0.0, 0.02, 0.4)).astype(int)
    face, room = (slice(110, 130), slice(150, 170)), (slice(0, 20), slice(0, 320))
    assert (blue - plain)[face][..., 2].mean() > 3 * (blue - plain)[room][..., 2].mean()
    assert (blue - plain)[face][..., 2].mean() > (blue - plain)[face][..., 0].mean() + 15


def test_light_from_a_side_lights_that_side() -> None:
    picture = shot(key_direction=(1.0, 0.2, 0.3)).astype(float)
    left, right = eye_outlines(ACTOR, scene=SMALL)
    row = int(left[:, 1].max()) + 14
    right_cheek, left_cheek = int(left[:, 0].mean()) + 4, int(right[:, 0].mean()) - 4
    assert picture[row, right_cheek].mean() > picture[row, left_cheek].mean() + 10


def test_exposure_and_noise() -> None:
    assert shot(exposure=0.5).mean() < 0.85 * shot().mean()
    assert shot(noise=6.0).astype(float).std() > shot().astype(float).std()
    assert np.abs(shot(noise=6.0).astype(int) - shot()).mean() > 2


def test_supersampling_keeps_size_and_content() -> None:
    assert np.abs(shot(supersampling=2).astype(int) - shot()).mean() < 3


def test_a_head_that_fills_the_picture_or_passes_the_camera_is_drawn() -> None:
    for distance in (0.25, 0.12, 2.5):
        assert shot(distance=distance).shape == (240, 320, 3)
