from __future__ import annotations

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.faces.gallery_blocks import OpenBlock, learn_axes, probe, seal, widest
from menshen.faces.records import Floats


def units(rng: np.random.Generator, count: int, width: int, *, peaky: bool) -> Floats:
    rows = rng.standard_normal((count, width))
    if peaky:  # sparse and one-sided, as networks that end in a ReLU make them
        rows = np.maximum(rows, 0) ** 3 + 1e-6
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    width=st.sampled_from([16, 33, 128, 256, 400]),
    head=st.sampled_from([8, 16]),
    peaky=st.booleans(),
    floor=st.floats(-1, 1),
)
@settings(max_examples=80, deadline=None)
def test_bounds_hold_and_nobody_above_the_floor_is_lost(
    seed: int, count: int, width: int, head: int, peaky: bool, floor: float
) -> None:
    rng = np.random.default_rng(seed)
    rows = units(rng, count, width, peaky=peaky)
    axes = learn_axes(rows)
    assert (axes is None) == (width <= 384)
    sought = probe(units(rng, 1, width, peaky=peaky)[0], axes=axes)
    exact = rows.astype(np.float64) @ sought.vector
    people = [str(i) for i in range(count)]
    sealed = seal(rows, people, axes=axes)
    opened = OpenBlock(rows, people, head=head, tail_norm=widest(rows[:, head:]))
    for block in (sealed, opened):
        near = block.candidates(sought, floor=floor)
        found, upper = near.rows, near.upper
        assert set(np.flatnonzero(exact >= floor)) <= set(found.tolist())
        assert (exact[found] <= upper).all()
        assert (np.diff(upper) <= 0).all()


def test_the_bound_holds_where_all_rounding_errors_agree() -> None:
    """The worst case of the proof: every coordinate is rounded down, along the probe."""
    width = 64
    whole = np.random.default_rng(0).integers(0, 120, (50, width)) + 0.49
    whole[:, 0] = 127
    rows = np.asarray(whole / np.linalg.norm(whole, axis=1, keepdims=True), np.float32)
    flat = np.full(width, width**-0.5, np.float32)
    for row in rows:
        sought = probe(flat, axes=None)
        upper = seal(row[None], ["x"], axes=None).candidates(sought, floor=-1.0).upper
        exact = float(row.astype(np.float64) @ sought.vector)
        assert exact <= upper[0] < exact + 1e-4


@pytest.mark.parametrize("width", [16, 30, 128, 192, 256, 512, 1024])
def test_the_kernel_is_exact_on_whole_numbers(width: int) -> None:
    """The proof rests on it: a faiss that rounds would fail here."""
    rng = np.random.default_rng(0)
    codes = rng.integers(-127, 128, (400, width)).astype(np.float32)
    codes[0], codes[1] = 127, -127
    index = faiss.IndexScalarQuantizer(
        width, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    index.add(codes)
    for sought in (codes[0], codes[1], codes[2]):
        products, rows = index.search(sought[None], 400)
        assert (products[0] == codes[rows[0]].astype(np.float64) @ sought).all()


def test_codes_leave_few_rows_to_score_again() -> None:
    rng = np.random.default_rng(0)
    rows = units(rng, 4096, 128, peaky=False)
    sought = probe(rows[17], axes=None)
    near = seal(rows, ["x"] * 4096, axes=None).candidates(sought, floor=0.6)
    assert near.rows.tolist() == [17]


def test_zero_rows_are_coded() -> None:
    rows = np.zeros((3, 16), np.float32)
    sought = probe(units(np.random.default_rng(0), 1, 16, peaky=False)[0], axes=None)
    near = seal(rows, ["a", "b", "c"], axes=None).candidates(sought, floor=0.5)
    assert not near.rows.size
    assert not near.upper.size


def test_without_keeps_the_others() -> None:
    rows = units(np.random.default_rng(0), 4, 16, peaky=False)
    block = seal(rows, ["a", "b", "a", "c"], axes=None)
    assert block.without("z") is block
    fewer = block.without("a")
    assert fewer is not None
    assert fewer.people == ("b", "c")
    assert (fewer.vectors == rows[[1, 3]]).all()
    assert seal(rows, ["a"] * 4, axes=None).without("a") is None


def test_axes_are_orthonormal_and_the_same_each_time() -> None:
    rows = units(np.random.default_rng(0), 500, 400, peaky=True)
    axes = learn_axes(rows)
    assert axes is not None
    assert np.abs(axes.T @ axes - np.eye(axes.shape[1])).max() < 1e-12
    again = learn_axes(rows)
    assert again is not None
    assert (axes == again).all()


def test_axes_find_what_people_share() -> None:
    """Rows near a few directions leave short residuals, so that long templates are cheap."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((40, 600))
    mixed = rng.standard_normal((500, 40)) @ directions
    mixed = mixed + 0.05 * np.linalg.norm(mixed, axis=1).mean() * units(rng, 500, 600, peaky=False)
    rows = np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)
    axes = learn_axes(rows)
    assert axes is not None
    sought = probe(rows[17], axes=axes)
    near = seal(rows, ["x"] * 500, axes=axes).candidates(sought, floor=0.9)
    assert near.rows.tolist() == [17]
    assert near.upper[0] < 1.06


def test_rows_their_heads_leave_in_question_are_looked_at_whole() -> None:
    """Without common directions the residuals are long: the second codes must do the work."""
    rng = np.random.default_rng(0)
    rows = units(rng, 600, 1200, peaky=False)
    axes = learn_axes(rows[:100])
    near = seal(rows, ["x"] * 600, axes=axes).candidates(probe(rows[300], axes=axes), floor=0.5)
    assert near.rows.tolist() == [300]
    assert near.in_question > 100
