import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.actors.raster import rasterise

SIZE = (24, 18)


def brute_force(xy: np.ndarray, depth: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """1/depth of the nearest face at every pixel centre, one triangle and pixel at a time."""
    width, height = SIZE
    near = np.zeros((height, width))
    for a, b, c in faces:
        edges = np.array([xy[b] - xy[a], xy[c] - xy[a]]).T
        if abs(np.linalg.det(edges)) <= 1e-6:
            continue
        for y in range(height):
            for x in range(width):
                w1, w2 = np.linalg.solve(edges, [x - xy[a][0], y - xy[a][1]])
                if min(w1, w2, 1 - w1 - w2) >= 0:
                    value = (1 - w1 - w2) / depth[a] + w1 / depth[b] + w2 / depth[c]
                    near[y, x] = max(near[y, x], value)
    return near


def square(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Corners in counter-clockwise order on the screen (y down)."""
    return np.array([[x0, y0], [x0, y1], [x1, y1], [x1, y0]], np.float32)


QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_square_covers_its_pixel_centres() -> None:
    hit = rasterise(square(2, 3, 6, 5), np.ones(4, np.float32), QUAD, size=SIZE)
    covered = np.zeros(SIZE[0] * SIZE[1], bool)
    covered[hit.pixel] = True
    expected = np.zeros(SIZE[::-1], bool)
    expected[3:6, 2:7] = True
    assert np.array_equal(covered.reshape(SIZE[::-1]), expected)


def test_faces_that_look_away_are_culled_only_on_request() -> None:
    away = QUAD[:, ::-1]
    corners, depth = square(2, 3, 6, 5), np.ones(4, np.float32)
    assert len(rasterise(corners, depth, away, size=SIZE).pixel) == 0
    assert len(rasterise(corners, depth, away, size=SIZE, cull=False).pixel) == 15


def test_the_nearer_square_hides_the_farther_whatever_the_order() -> None:
    xy = np.vstack([square(1, 1, 10, 10), square(4, 4, 14, 14)])
    depth = np.array([5.0] * 4 + [3.0] * 4, np.float32)
    for faces in (np.vstack([QUAD, QUAD + 4]), np.vstack([QUAD + 4, QUAD])):
        hit = rasterise(xy, depth, faces.astype(np.int32), size=SIZE)
        near = dict(zip(hit.pixel.tolist(), hit.nearness.tolist(), strict=True))
        assert near[5 * SIZE[0] + 5] == pytest.approx(1 / 3)
        assert near[2 * SIZE[0] + 2] == pytest.approx(1 / 5)


def test_a_square_that_pierces_another_is_hidden_only_behind_it() -> None:
    xy = np.vstack([square(0, 0, 20, 10), square(0, 0, 20, 10)])
    depth = np.array([4.0] * 4 + [2.0, 2.0, 8.0, 8.0], np.float32)
    faces = np.vstack([QUAD, QUAD + 4]).astype(np.int32)
    hit = rasterise(xy, depth, faces, size=SIZE)
    row = hit.pixel // SIZE[0] == 5
    order = np.argsort(hit.pixel[row])
    assert (hit.face[row][order] >= 2).tolist() == sorted(
        (hit.face[row][order] >= 2).tolist(), reverse=True
    )
    assert np.allclose(
        hit.nearness[row][order], np.maximum(0.25, np.interp(np.arange(21), [0, 20], [0.5, 0.125]))
    )


def test_attributes_are_interpolated_linearly() -> None:
    corners = square(2, 3, 10, 11)
    hit = rasterise(corners, np.ones(4, np.float32), QUAD, size=SIZE)
    values = hit.interpolate(corners, faces=QUAD)
    assert np.allclose(values[:, 0], hit.pixel % SIZE[0], atol=1e-4)
    assert np.allclose(values[:, 1], hit.pixel // SIZE[0], atol=1e-4)


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    corners = square(-50, -50, 100, 100)
    hit = rasterise(corners, np.ones(4, np.float32), QUAD, size=SIZE)
    assert sorted(hit.pixel.tolist()) == list(range(SIZE[0] * SIZE[1]))
    beside = rasterise(corners + 400, np.ones(4, np.float32), QUAD, size=SIZE)
    assert len(beside.pixel) == 0


def test_where_selects_fragments() -> None:
    hit = rasterise(square(2, 3, 6, 5), np.ones(4, np.float32), QUAD, size=SIZE)
    kept = hit.where(hit.pixel < 4 * SIZE[0])
    assert kept.pixel.tolist() == [3 * SIZE[0] + x for x in range(2, 7)]
    assert kept.weights.shape == (5, 3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 6))
def test_any_triangles_agree_with_brute_force(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-6, 30, (3 * count, 2)).astype(np.float32)
    depth = rng.uniform(1, 9, 3 * count).astype(np.float32)
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    hit = rasterise(xy, depth, faces, size=SIZE, cull=False)
    near = np.zeros(SIZE[0] * SIZE[1])
    near[hit.pixel] = hit.nearness
    expected = brute_force(xy.astype(float), depth.astype(float), faces).ravel()
    # A pixel centre within rounding of an edge may go either way.
    assert (np.abs(near - expected) > 1e-3).sum() <= 2
