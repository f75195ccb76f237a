from importlib import resources

import numpy as np
import pytest

from menshen.actors.head import (
    BODY,
    LEFT_EYE,
    RIGHT_EYE,
    TEXTURE_SIZE,
    front_depth,
    load_head,
    texel_map,
    texture_coordinates,
)


def test_the_head_is_small_public_domain_and_read_without_pickles() -> None:
    folder = resources.files("menshen.actors")
    assert len((folder / "head.npz").read_bytes()) < 1_000_000
    assert "CC0" in (folder / "NOTICE.md").read_text(encoding="utf-8")
    with (folder / "head.npz").open("rb") as file, np.load(file, allow_pickle=False) as baked:
        assert all(baked[name].dtype.kind != "O" for name in baked.files)


def test_arrays_fit_together() -> None:
    head = load_head()
    count = len(head.points)
    assert head.points.shape == (count, 3)
    assert head.faces.shape[1] == 3
    assert 0 <= head.faces.min() <= head.faces.max() < count
    for values in (head.lips, head.ears, head.mouth_inside, head.lash, head.openness):
        assert values.shape == (count,)
        assert values.min() >= 0
        assert values.max() <= 1
    assert all(delta.shape == (count, 3) for delta in head.targets.values())


def test_the_left_eye_is_the_persons_own() -> None:
    head = load_head()
    assert head.points[head.part == LEFT_EYE, 0].min() > 0
    assert head.points[head.part == RIGHT_EYE, 0].max() < 0


@pytest.mark.parametrize(("name", "side"), [("left", 1), ("right", -1)])
def test_closing_an_eye_moves_its_upper_lid_down_and_nothing_else(name: str, side: int) -> None:
    head = load_head()
    closure = head.targets[f"expression/eye-{name}-closure"]
    upper, lower = head.lids[0 if side > 0 else 1].T
    assert (head.points[upper, 1] > head.points[lower, 1]).all()
    assert (closure[upper, 1] < -0.02).all()
    other_side = (head.points[:, 0] * side < -0.05) & (head.part == BODY)
    assert np.abs(closure[other_side]).max() < 0.01


def test_texture_coordinates_go_round_the_head() -> None:
    front, left, right = np.array([[0, 7, 2.0], [1, 7, 0.35], [-1, 7, 0.35]], np.float32)
    u = texture_coordinates(np.stack([front, left, right]))[:, 0] / (TEXTURE_SIZE[0] - 1)
    assert u == pytest.approx([0.5, 0.75, 0.25], abs=1e-6)


def test_the_texel_map_knows_what_lies_under_each_texel() -> None:
    at, head = texel_map(), load_head()
    nose = head.points[(head.part == BODY) & (np.abs(head.points[:, 0]) < 0.02)]
    tip = nose[nose[:, 2].argmax()]
    column, row = np.rint(texture_coordinates(tip[None])[0]).astype(int)
    assert [at.x[row, column], at.y[row, column]] == pytest.approx(tip[:2], abs=0.03)
    assert at.z[row, column] == pytest.approx(tip[2], abs=0.05)
    assert at.lips.max() > 0.9
    assert at.lips[: TEXTURE_SIZE[1] // 3].max() == 0


def test_spots_are_mirrored_and_stay_in_front() -> None:
    at = texel_map()
    spot = at.spot(0.4, 7.0, 0.1, 0.1)
    assert spot.max() > 0.9
    assert spot[at.x > 0].max() == pytest.approx(spot[at.x < 0].max(), abs=0.05)
    assert spot[np.abs(at.azimuth) > 2].max() < 0.01


def test_a_window_is_a_view_of_the_map() -> None:
    part = (slice(10, 20), slice(30, 50))
    window = texel_map().window(part)
    assert window.y.shape == (10, 20)
    assert np.array_equal(window.y, texel_map().y[part])


def test_front_depth_finds_the_nose_before_the_cheeks() -> None:
    nose, cheek = front_depth(np.array([[0.0, 6.92], [0.6, 6.92]]))
    assert nose > cheek > 0.5
