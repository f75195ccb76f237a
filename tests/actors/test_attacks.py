import numpy as np
import pytest

from menshen.actors import Scene, attacks, cast, render
from menshen.actors.attacks import Hold
from menshen.actors.clips import clip, film
from menshen.actors.renderer import eye_outlines

SCENE = Scene(width=320, height=240)
ACTOR = cast()[0]
STEADY = Hold(unsteady=0.0)


@pytest.fixture(scope="module")
def live() -> tuple[np.ndarray, ...]:
    return film(ACTOR, clip("blink", fps=5, seconds=1.0, scene=SCENE))


def grid() -> np.ndarray:
    """A test card: dark, with a white cross in the middle."""
    card = np.full((240, 320, 3), 60, np.uint8)
    card[118:122] = 230
    card[:, 158:162] = 230
    return card


def paper_corners(frame: np.ndarray) -> np.ndarray:
    """Outline (4, 2) of the bright sheet: columns of its extreme rows, in reading order."""
    bright = np.argwhere(frame.min(2) > 205)[:, ::-1]
    sums, differences = bright.sum(1), bright[:, 0] - bright[:, 1]
    picks = (sums.argmin(), differences.argmax(), differences.argmin(), sums.argmax())
    return bright[list(picks)].astype(float)


def everyone(frames: tuple[np.ndarray, ...], seed: int) -> dict[str, tuple[np.ndarray, ...]]:
    return {
        "still": attacks.still(frames, seed=seed),
        "printed": attacks.printed(frames, seed=seed),
        "bent_print": attacks.bent_print(frames, seed=seed),
        "cut_out": attacks.cut_out(frames, holes=eye_outlines(ACTOR, scene=SCENE), seed=seed),
        "replay": attacks.replay(frames, seed=seed),
    }


def test_all_attacks_keep_count_size_and_type_and_follow_their_seed(
    live: tuple[np.ndarray, ...],
) -> None:
    first, again, other = everyone(live, 1), everyone(live, 1), everyone(live, 2)
    for name, frames in first.items():
        assert [f.shape for f in frames] == [f.shape for f in live], name
        assert {f.dtype for f in frames} == {np.dtype(np.uint8)}, name
        assert all(np.array_equal(a, b) for a, b in zip(frames, again[name], strict=True)), name
        assert not np.array_equal(frames[0], other[name][0]), name
        assert not np.array_equal(frames[0], frames[1]), name


def test_a_still_differs_by_noise_only(live: tuple[np.ndarray, ...]) -> None:
    for frame in attacks.still(live):
        assert np.abs(frame.astype(int) - live[0]).max() < 12


def test_a_print_shows_the_first_frame_for_ever(live: tuple[np.ndarray, ...]) -> None:
    held = attacks.printed(live, hold=STEADY)
    for frame in held[1:]:
        assert np.abs(frame.astype(int) - held[0]).mean() < 3


def test_a_flat_print_is_a_rectangle_with_a_white_margin() -> None:
    frame = attacks.printed([grid()], hold=STEADY)[0]
    corners = paper_corners(frame)
    top_left, top_right, bottom_left, bottom_right = corners
    assert top_left[1] == pytest.approx(top_right[1], abs=2)
    assert top_left[0] == pytest.approx(bottom_left[0], abs=2)
    assert bottom_right[0] - top_left[0] == pytest.approx(320 / STEADY.distance, abs=6)


def test_turning_a_print_foreshortens_its_far_side() -> None:
    frame = attacks.printed([grid()], hold=Hold(yaw=25, unsteady=0.0, distance=1.5))[0]
    top_left, top_right, bottom_left, bottom_right = paper_corners(frame)
    left, right = bottom_left[1] - top_left[1], bottom_right[1] - top_right[1]
    assert left > right + 15  # the nose of a turned head would point right; so does the sheet


@pytest.mark.parametrize(("bend", "sign"), [(0.9, -1), (-0.9, 1)])
def test_a_bent_print_has_curved_edges(bend: float, sign: int) -> None:
    frame = attacks.bent_print([grid()], hold=Hold(bend=bend, unsteady=0.0, distance=1.5))[0]
    bright = frame.min(2) > 205
    columns = np.flatnonzero(bright.any(0))
    top = bright.argmax(0)
    middle, side = top[150:155].mean(), top[columns[6:12]].mean()
    assert (middle - side) * sign > 3


def test_a_bent_sheet_with_hardly_any_bend_is_a_flat_one() -> None:
    flat = attacks.bent_print([grid()], hold=Hold(bend=0.0, unsteady=0.0))[0]
    bent = attacks.bent_print([grid()], hold=Hold(bend=1e-3, unsteady=0.0))[0]
    assert np.abs(flat.astype(int) - bent).mean() < 1.5


def test_through_a_cut_out_only_the_eyes_live(live: tuple[np.ndarray, ...]) -> None:
    holes = eye_outlines(ACTOR, scene=SCENE)
    hold = Hold(unsteady=0.0, distance=1.0)
    frames = attacks.cut_out(live, holes=holes, hold=hold)
    middle = np.abs(frames[2].astype(int) - frames[0]).max(2)
    blinked = np.argwhere(middle > 40)
    box = np.vstack(holes)
    assert len(blinked) > 10
    assert blinked[:, 1].min() > box[:, 0].min() - 6
    assert blinked[:, 1].max() < box[:, 0].max() + 6


def test_a_cut_out_can_show_somebody_else(live: tuple[np.ndarray, ...]) -> None:
    victim = render(cast()[1], scene=SCENE)
    holes = eye_outlines(cast()[1], scene=SCENE)
    frames = attacks.cut_out(live, holes=holes, photo=victim)
    assert (
        np.abs(frames[0].astype(int) - victim).mean()
        < np.abs(frames[0].astype(int) - live[0]).mean()
    )


def test_a_replay_moves_and_has_a_dark_bezel_and_fine_stripes(
    live: tuple[np.ndarray, ...],
) -> None:
    frames = attacks.replay(live, hold=Hold(distance=1.3, unsteady=0.0))
    row = frames[0][120].mean(1)
    assert row[20:50].min() < 30  # the bezel left of the picture
    grey = np.full((240, 320, 3), 128, np.uint8)
    shown = attacks.replay([grey], hold=Hold(distance=1.3, yaw=8, unsteady=0.0))[0]
    printed = attacks.printed([grey], hold=Hold(distance=1.3, yaw=8, unsteady=0.0))[0]
    inside = (slice(60, 180), slice(90, 230))
    chroma = [np.ptp(f[inside].astype(int), axis=2).std() for f in (shown, printed)]
    assert chroma[0] > 2 * chroma[1]
    assert np.abs(frames[2].astype(int) - frames[0]).max() > 40  # it blinks


def test_a_hand_wanders_smoothly() -> None:
    frames = attacks.printed([grid()] * 12, hold=Hold(unsteady=4.0, distance=1.6), seed=5)
    corners = np.stack([paper_corners(f) for f in frames])
    steps = np.abs(np.diff(corners, axis=0)).max()
    assert np.ptp(corners, axis=0).max() > 3
    assert steps < 6
