from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from menshen.errors import ModelFileError
from menshen.faces.models import dlib_format
from menshen.faces.models.dlib_format import Affine, Connected, Convolution, Plain, Pool

MakeDat = Callable[..., Any]


def test_reads_every_layer_in_the_order_it_is_computed(make_dat: MakeDat) -> None:
    network = dlib_format.parse(make_dat(25).bytes())
    assert (network.rows, network.columns) == (25, 25)
    assert network.mean == pytest.approx((122.75, 117.0, 104.25))
    kinds = [layer.kind if isinstance(layer, Plain) else type(layer) for layer in network.layers]
    start = [Convolution, Affine, "relu", Pool]
    block = [Convolution, Affine, "relu", Convolution, Affine]
    plain = ["tag", *block, "add", "relu"]
    down = ["tag", *block, "tag-and-skip", Pool, "add", "relu"]
    assert kinds == [*start, *plain, *down, Pool, Connected]


def test_reads_shapes_and_values(new_dat: MakeDat) -> None:
    dat = new_dat(seed=3).con(5, 3, side=3, stride=2, pad=1).pool("max", 3, 2).fc(20, 7)
    convolution, pool, connected = dlib_format.parse(dat.bytes()).layers
    expected = np.random.default_rng(3).normal(0, 0.3, (5, 3, 3, 3)).astype(np.float32)
    assert isinstance(convolution, Convolution)
    np.testing.assert_array_equal(convolution.filters, expected)
    assert (convolution.strides, convolution.padding) == ((2, 2), (1, 1))
    assert pool == Pool("MaxPool", (3, 3), (2, 2))
    assert isinstance(connected, Connected)
    assert connected.weights.shape == (20, 7)


def test_weights_are_views_of_the_file(new_dat: MakeDat) -> None:
    data = new_dat().con(5, 3, side=3, stride=1, pad=0).bytes()
    (convolution,) = dlib_format.parse(data).layers
    assert isinstance(convolution, Convolution)
    assert not convolution.filters.flags.owndata


@pytest.mark.parametrize("side", [0, 7, 1025, 2**40])
def test_picture_sides_are_bounded(make_dat: MakeDat, side: int) -> None:
    dat = make_dat()
    dat.side = side
    with pytest.raises(ModelFileError, match="expected"):
        dlib_format.parse(dat.bytes())


def test_an_empty_file() -> None:
    with pytest.raises(ModelFileError, match="too early"):
        dlib_format.parse(b"")
