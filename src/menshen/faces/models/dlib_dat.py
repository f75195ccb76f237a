"""dlib's face ResNet (``.dat``) to ONNX.

The network is He et al. 2016 (arXiv:1512.03385) with 29 convolutions, as trained by King
2017. The affine layers fold into the convolutions before them; in down-sampling blocks the
sum extends the smaller operand with zeros, in channels, rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from menshen.errors import ModelFileError
from menshen.faces.models.dlib_format import (
    Affine,
    Connected,
    Convolution,
    Layer,
    Network,
    Plain,
    Pool,
    parse,
)
from menshen.faces.models.onnx_writer import INPUT, GraphWriter

_PIXEL_SCALE = 1 / 256


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor of the graph being written: its name and shape."""

    name: str
    channels: int
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.rows, self.columns


def convert(data: bytes) -> bytes:
    """Make an ONNX model that computes what dlib computes, up to rounding.

    Input ``image``: n x 3 x 150 x 150, RGB, 0..255; mean and scale are inside. Output
    ``embedding``: n x 128, not normalised. Raises ModelFileError for anything that is not
    exactly such a network.
    """
    return _Emitter(parse(data)).run()


class _Emitter:
    """Writes the layers as a graph, keeping track of shapes and of the tagged values."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._graph = GraphWriter(name="dlib", rows=network.rows, columns=network.columns)
        self._tag: _Value | None = None
        self._skipped: _Value | None = None

    def run(self) -> bytes:
        if not isinstance(self._network.layers[-1], Connected):
            raise ModelFileError("the dlib network does not end in a connected layer")
        value = self._picture()
        for layer in _folded(self._network.layers):
            value = self._emit(layer, value)
        return self._graph.finish(value.name, features=value.channels)

    def _picture(self) -> _Value:
        mean = np.array(self._network.mean, dtype=np.float32).reshape(1, 3, 1, 1)
        centred = self._graph.node("Sub", INPUT, self._graph.constant(mean))
        scale = self._graph.constant(np.array(_PIXEL_SCALE, dtype=np.float32))
        name = self._graph.node("Mul", centred, scale)
        return _Value(name, 3, self._network.rows, self._network.columns)

    def _emit(self, layer: Layer, value: _Value) -> _Value:
        match layer:
            case Convolution():
                return self._convolve(layer, value)
            case Pool():
                return self._pooled(layer, value)
            case Connected():
                return self._connect(layer, value)
            case Plain("relu"):
                return _Value(self._graph.node("Relu", value.name), *value.shape)
            case Plain("add"):
                return self._sum(value)
            case Plain():
                return self._mark(layer, value)
        raise ModelFileError("an affine layer of the dlib network follows no convolution")

    def _convolve(self, layer: Convolution, value: _Value) -> _Value:
        if layer.filters.shape[1] != value.channels:
            raise ModelFileError("a convolution of the dlib network expects other channels")
        window = layer.filters.shape[2:]
        rows, columns = _windows(value, window, layer.strides, layer.padding)
        filters, biases = (self._graph.constant(a) for a in (layer.filters, layer.biases))
        name = self._graph.node(
            "Conv", value.name, filters, biases, strides=layer.strides, pads=layer.padding * 2
        )
        return _Value(name, layer.filters.shape[0], rows, columns)

    def _pooled(self, layer: Pool, value: _Value) -> _Value:
        window = (layer.window[0] or value.rows, layer.window[1] or value.columns)
        rows, columns = _windows(value, window, layer.strides, (0, 0))
        name = self._graph.node(
            layer.operator, value.name, kernel_shape=window, strides=layer.strides
        )
        return _Value(name, value.channels, rows, columns)

    def _connect(self, layer: Connected, value: _Value) -> _Value:
        if layer.weights.shape[0] != math.prod(value.shape):
            raise ModelFileError("the last layer of the dlib network expects other features")
        flat = self._graph.node("Flatten", value.name)
        name = self._graph.node("MatMul", flat, self._graph.constant(layer.weights))
        return _Value(name, layer.weights.shape[1], 1, 1)

    def _mark(self, layer: Plain, value: _Value) -> _Value:
        if layer.kind == "tag":
            self._tag, self._skipped = value, None
            return value
        if self._tag is None:
            raise ModelFileError("the dlib network skips to a layer it does not have")
        self._skipped = value
        return self._tag

    def _sum(self, value: _Value) -> _Value:
        other = self._skipped or self._tag
        if other is None:
            raise ModelFileError("the dlib network adds a layer it does not have")
        self._tag = self._skipped = None
        channels, rows, columns = (
            max(one, two) for one, two in zip(value.shape, other.shape, strict=True)
        )
        shape = (channels, rows, columns)
        operands = (self._extended(value, shape), self._extended(other, shape))
        return _Value(self._graph.node("Add", *operands), *shape)

    def _extended(self, value: _Value, shape: tuple[int, int, int]) -> str:
        if value.shape == shape:
            return value.name
        ends = [want - have for want, have in zip(shape, value.shape, strict=True)]
        pads = self._graph.constant(np.array([0, 0, 0, 0, 0, *ends], dtype=np.int64))
        return self._graph.node("Pad", value.name, pads)


def _folded(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Let each convolution take in the affine layer that follows it."""
    before: Convolution | None = None
    for layer in layers:
        if before and isinstance(layer, Affine):
            yield _joined(before, layer)
            before = None
            continue
        if before:
            yield before
        before = layer if isinstance(layer, Convolution) else None
        if not before:
            yield layer


def _joined(layer: Convolution, affine: Affine) -> Convolution:
    if affine.gamma.size != layer.biases.size:
        raise ModelFileError("an affine layer of the dlib network has the wrong size")
    with np.errstate(over="ignore", invalid="ignore"):
        filters = layer.filters * affine.gamma[:, None, None, None]
        biases = layer.biases * affine.gamma + affine.beta
    if not (np.isfinite(filters).all() and np.isfinite(biases).all()):
        raise ModelFileError("an affine layer of the dlib network leads out of all bounds")
    return Convolution(filters, biases, layer.strides, layer.padding)


def _windows(
    value: _Value, window: tuple[int, ...], strides: tuple[int, int], padding: tuple[int, int]
) -> tuple[int, int]:
    """Count the windows that fit, down and across."""
    sides = zip((value.rows, value.columns), window, strides, padding, strict=True)
    rows, columns = ((side + 2 * pad - width) // step + 1 for side, width, step, pad in sides)
    if rows < 1 or columns < 1:
        raise ModelFileError("a layer of the dlib network has no room for its window")
    return rows, columns
