"""dlib's serialised face ResNet (``.dat``): from bytes to records.

The format is what dlib's ``serialize`` writes (King 2009, JMLR 10:1755-1758): first the
nesting of layers, outermost first, as version numbers; then each layer's parameters,
innermost first. It is read byte by byte to its end, every number bounded before it is used,
so that a damaged or hostile file costs an error and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from menshen.errors import ModelFileError
from menshen.faces.models.onnx_writer import Weights

LIMIT = 64 * 2**20
"""Bytes a file may have; the real one has 22,466,066."""

_MAX_LAYERS = 1024
_MAX_SIDE = 1024
_MAX_CHANNELS = 4096
_ALIAS, _FIRST_LAYER = 1, 3


@dataclass(frozen=True, slots=True)
class Convolution:
    """Filters are outputs x channels x rows x columns; correlation, as in ONNX."""

    filters: Weights
    biases: Weights
    strides: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Affine:
    """Frozen batch normalisation: gamma * x + beta, along the channel."""

    gamma: Weights
    beta: Weights


@dataclass(frozen=True, slots=True)
class Pool:
    """A window of 0 is the whole side."""

    operator: Literal["MaxPool", "AveragePool"]
    window: tuple[int, int]
    strides: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Connected:
    """Fully connected without bias: inputs x outputs."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Plain:
    """A layer or mark without parameters."""

    kind: Literal["relu", "add", "tag", "tag-and-skip"]


Layer = Convolution | Affine | Pool | Connected | Plain


@dataclass(frozen=True, slots=True)
class Network:
    """Layers from the picture inwards; ``mean`` is red, green, blue."""

    mean: tuple[float, float, float]
    rows: int
    columns: int
    layers: tuple[Layer, ...]


class _Reader:
    """A cursor that never reads beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise ModelFileError("the dlib file ends too early")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def integer(self, *, low: int = -(2**31), high: int = 2**31) -> int:
        """One byte of sign and length, then the magnitude, little-endian."""
        head = self.take(1)[0]
        length = head & 0x0F
        if not 1 <= length <= 8 or head & 0x70:
            raise ModelFileError("the dlib file has a malformed number")
        magnitude = int.from_bytes(self.take(length), "little")
        value = -magnitude if head & 0x80 else magnitude
        if not low <= value <= high:
            raise ModelFileError(f"the dlib file has {value} where {low} to {high} is expected")
        return value

    def expect(self, value: int) -> None:
        self.integer(low=value, high=value)

    def real(self) -> float:
        """Mantissa and binary exponent."""
        mantissa = self.integer(low=-(2**63), high=2**63)
        return math.ldexp(mantissa, self.integer(low=-512, high=512))

    def text(self) -> str:
        return self.take(self.integer(low=0, high=64)).decode("ascii", errors="replace")

    def pair(self, *, low: int, high: int) -> tuple[int, int]:
        return self.integer(low=low, high=high), self.integer(low=low, high=high)

    def shape(self) -> tuple[int, int, int, int]:
        one, two, three, four = (self.integer(low=0, high=2**26) for _ in range(4))
        return one, two, three, four

    def tensor(self) -> Weights:
        """Version 2, four dimensions, float32 values: a view, nothing is allocated."""
        self.expect(2)
        shape = self.shape()
        values = np.frombuffer(self.take(4 * math.prod(shape)), dtype="<f4").reshape(shape)
        if not np.isfinite(values).all():
            raise ModelFileError("the dlib file has a weight that is no number")
        return values

    def flags(self, count: int) -> None:
        if not set(self.take(count)) <= set(b"01"):
            raise ModelFileError("the dlib file has a malformed flag")

    def finish(self) -> None:
        if self._at != len(self._data):
            raise ModelFileError("the dlib file goes on after its end")


def parse(data: bytes) -> Network:
    """Read the whole file; raises ModelFileError for the first thing that is wrong."""
    if len(data) > LIMIT:
        raise ModelFileError("the dlib file is longer than 64 MiB")
    reader = _Reader(data)
    reader.expect(1)
    if reader.text() != "loss_metric_2":
        raise ModelFileError("not a dlib face recognition network")
    for _margin_and_distance in range(2):
        reader.real()
    nesting = _nesting(reader)
    if reader.text() != "input_rgb_image_sized":
        raise ModelFileError("the dlib network does not start from a sized RGB picture")
    red, green, blue = reader.real(), reader.real(), reader.real()
    rows, columns = reader.pair(low=8, high=_MAX_SIDE)
    layers = tuple(_layers(reader, nesting))
    reader.finish()
    return Network((red, green, blue), rows, columns, layers)


def _nesting(reader: _Reader) -> list[int]:
    """Version numbers from the outermost layer down to the one next to the input."""
    versions: list[int] = []
    while not versions or versions[-1] != _FIRST_LAYER:
        versions.append(reader.integer(low=_ALIAS, high=_FIRST_LAYER))
        if len(versions) > _MAX_LAYERS:
            raise ModelFileError("the dlib network has too many layers")
    return versions


def _layers(reader: _Reader, nesting: list[int]) -> Iterator[Layer]:
    for version, run in groupby(reversed(nesting)):
        count = len(list(run))
        if version == _ALIAS:
            yield _mark(count)
            continue
        for _ in range(count):
            yield _layer(reader)
            reader.flags(3)
            for _gradient_or_output in range(3):
                reader.tensor()
            if version == _FIRST_LAYER:
                reader.expect(1)


def _mark(count: int) -> Plain:
    """Tell a tag, which starts a block, from a tag under a skip, which joins its branches."""
    if count == 1:
        return Plain("tag")
    if count == 2:
        return Plain("tag-and-skip")
    raise ModelFileError("the dlib network has a block of an unknown kind")


def _layer(reader: _Reader) -> Layer:
    name = reader.text()
    match name:
        case "con_4":
            return _convolution(reader)
        case "affine_":
            return _affine(reader)
        case "relu_":
            return Plain("relu")
        case "add_prev_":
            return Plain("add")
        case "max_pool_2" | "avg_pool_2":
            return _pool(reader, name)
        case "fc_2":
            return _connected(reader)
    raise ModelFileError("the dlib network has a layer of an unknown kind")


def _convolution(reader: _Reader) -> Convolution:
    parameters = reader.tensor().ravel()
    count = reader.integer(low=1, high=_MAX_CHANNELS)
    rows, columns = reader.pair(low=1, high=15)
    strides, padding = reader.pair(low=1, high=8), reader.pair(low=0, high=7)
    shape = _alias(reader)
    bias_shape = _alias(reader)
    for _multiplier in range(4):
        reader.real()
    values = math.prod(shape)
    fits = parameters.size == values + count and math.prod(bias_shape) == count
    if not fits or shape[0] != count or shape[2:] != (rows, columns):
        raise ModelFileError("a convolution of the dlib network has the wrong size")
    return Convolution(parameters[:values].reshape(shape), parameters[values:], strides, padding)


def _alias(reader: _Reader) -> tuple[int, int, int, int]:
    reader.expect(1)
    return reader.shape()


def _affine(reader: _Reader) -> Affine:
    parameters = reader.tensor().ravel()
    half = parameters.size // 2
    sizes = (math.prod(_alias(reader)), math.prod(_alias(reader)))
    reader.expect(0)
    if sizes != (half, half) or parameters.size != 2 * half:
        raise ModelFileError("an affine layer of the dlib network has the wrong size")
    return Affine(parameters[:half], parameters[half:])


def _pool(reader: _Reader, name: str) -> Pool:
    window = reader.pair(low=0, high=15)
    strides = reader.pair(low=1, high=8)
    reader.expect(0)
    reader.expect(0)
    operator: Literal["MaxPool", "AveragePool"]
    operator = "MaxPool" if name.startswith("max") else "AveragePool"
    return Pool(operator, window, strides)


def _connected(reader: _Reader) -> Connected:
    outputs = reader.integer(low=1, high=_MAX_CHANNELS)
    inputs = reader.integer(low=1, high=2**20)
    weights = reader.tensor()
    for _weights_and_bias in range(2):
        _alias(reader)
    reader.expect(1)
    for _multiplier in range(4):
        reader.real()
    if weights.shape != (inputs, outputs, 1, 1):
        raise ModelFileError("the last layer of the dlib network has the wrong size")
    return Connected(weights.reshape(inputs, outputs))
