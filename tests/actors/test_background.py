import numpy as np
import pytest

from menshen.actors.background import add_noise, room


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (480, 640)])
def test_rooms_have_the_asked_size_and_are_shared_read_only(size: tuple[int, int]) -> None:
    picture = room(3, size)
    assert picture.shape == (size[1], size[0], 3)
    assert room(3, size) is picture
    with pytest.raises(ValueError, match="read-only"):
        picture[0, 0] = 0


def test_rooms_are_calm_and_differ() -> None:
    rooms = [room(seed, (320, 240)) for seed in range(8)]
    for picture in rooms:
        assert 0.05 < picture.mean() < 0.6
        assert np.abs(np.diff(picture, axis=1)).max() < 0.05
        assert (picture.std(2) / picture.mean(2)).mean() < 0.35  # no neon
    assert np.abs(rooms[0] - rooms[1]).max() > 0.05


def test_noise_has_the_asked_strength_and_follows_its_seed() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    noisy = add_noise(grey, deviation=4.0, seed=1)
    assert noisy.astype(float).std() == pytest.approx(4.0, rel=0.1)
    assert noisy.astype(float).mean() == pytest.approx(128, abs=0.5)
    assert np.array_equal(noisy, add_noise(grey, deviation=4.0, seed=1))
    assert not np.array_equal(noisy, add_noise(grey, deviation=4.0, seed=2))


def test_noise_is_clipped_not_wrapped() -> None:
    white = np.full((50, 50, 3), 254, np.uint8)
    assert add_noise(white, deviation=8.0, seed=0).min() > 200
