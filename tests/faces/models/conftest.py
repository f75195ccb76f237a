"""Tiny foreign model files, written as dlib and TensorFlow.js write them, and what they compute."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
Run = Callable[[bytes, Array], Array]


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def real(value: float) -> bytes:
    mantissa, exponent = np.frexp(value)
    return integer(int(mantissa * 2**24)) + integer(int(exponent) - 24)


def text(words: str) -> bytes:
    return integer(len(words)) + words.encode()


def tensor(values: Array, shape: tuple[int, int, int, int]) -> bytes:
    sizes = b"".join(integer(n) for n in shape)
    return integer(2) + sizes + values.astype("<f4").tobytes()


def alias(*shape: int) -> bytes:
    return integer(1) + b"".join(integer(n) for n in shape)


EMPTY = tensor(np.zeros(0, np.float32), (0, 0, 0, 0))
TAIL = b"110" + EMPTY * 3


@dataclass
class Dat:
    """A dlib network, layers from the picture outwards; each knows how to compute itself."""

    side: int = 24
    seed: int = 0
    mean: tuple[float, float, float] = (122.75, 117.0, 104.25)
    layers: list[bytes] = field(default_factory=list)
    nesting: list[int] = field(default_factory=list)
    steps: list[Callable[[Array], Array]] = field(default_factory=list)
    tags: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def _add(self, data: bytes, step: Callable[[Array], Array]) -> Dat:
        last = b"" if self.nesting else integer(1)
        self.nesting.append(2 if self.nesting else 3)
        self.layers.append(data + TAIL + last)
        self.steps.append(step)
        return self

    def con(self, outputs: int, inputs: int, *, side: int, stride: int, pad: int) -> Dat:
        shape = (outputs, inputs, side, side)
        filters = self.random.normal(0, 0.3, shape).astype(np.float32)
        biases = self.random.normal(0, 0.3, outputs).astype(np.float32)
        values = np.concatenate([filters.ravel(), biases])
        numbers = (outputs, side, side, stride, stride, pad, pad)
        data = text("con_4") + tensor(values, (values.size, 1, 1, 1))
        data += b"".join(integer(n) for n in numbers)
        data += alias(*shape) + alias(1, outputs, 1, 1) + real(1.0) * 3 + real(0.0)
        return self._add(data, lambda x: convolve(x, filters, biases, stride, pad))

    def affine(self, channels: int) -> Dat:
        gamma = self.random.uniform(0.5, 1.5, channels).astype(np.float32)
        beta = self.random.normal(0, 0.3, channels).astype(np.float32)
        data = text("affine_") + tensor(np.concatenate([gamma, beta]), (2 * channels, 1, 1, 1))
        data += alias(1, channels, 1, 1) * 2 + integer(0)
        return self._add(data, lambda x: x * gamma[:, None, None] + beta[:, None, None])

    def relu(self) -> Dat:
        return self._add(text("relu_"), lambda x: np.maximum(x, 0))

    def pool(self, kind: str, side: int, stride: int) -> Dat:
        numbers = (side, side, stride, stride, 0, 0)
        data = text(f"{kind}_pool_2") + b"".join(integer(n) for n in numbers)
        reduce = np.max if kind == "max" else np.mean
        return self._add(data, lambda x: pooled(x, side, stride, reduce))

    def tag(self) -> Dat:
        self.nesting.append(1)

        def step(x: Array) -> Array:
            self.tags = [x]
            return x

        self.steps.append(step)
        return self

    def tag_and_skip(self) -> Dat:
        self.nesting += [1, 1]

        def step(x: Array) -> Array:
            self.tags.append(x)
            return self.tags[0]

        self.steps.append(step)
        return self

    def add(self) -> Dat:
        return self._add(text("add_prev_"), lambda x: extended_sum(x, self.tags[-1]))

    def fc(self, inputs: int, outputs: int) -> Dat:
        weights = self.random.normal(0, 0.3, (inputs, outputs)).astype(np.float32)
        data = text("fc_2") + integer(outputs) + integer(inputs)
        data += tensor(weights, (inputs, outputs, 1, 1)) + alias(inputs, outputs, 1, 1)
        data += alias(0, 0, 0, 0) + integer(1) + real(1.0) * 3 + real(0.0)
        return self._add(data, lambda x: x.ravel() @ weights)

    def bytes(self) -> bytes:
        head = integer(1) + text("loss_metric_2") + real(0.04) + real(0.6)
        nesting = b"".join(integer(n) for n in reversed(self.nesting))
        entry = text("input_rgb_image_sized") + b"".join(real(m) for m in self.mean)
        return head + nesting + entry + integer(self.side) * 2 + b"".join(self.layers)

    def compute(self, picture: Array) -> Array:
        """``picture``: 3 x side x side, 0..255."""
        x = (picture - np.array(self.mean, np.float32)[:, None, None]) / 256
        for step in self.steps:
            x = step(x)
        return x


def windows(x: Array, side: int, stride: int) -> Array:
    view = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    return view[:, ::stride, ::stride]


def convolve(x: Array, filters: Array, biases: Array, stride: int, pad: int) -> Array:
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    cut = windows(padded, filters.shape[2], stride)
    return np.asarray(np.einsum("crsij,ocij->ors", cut, filters) + biases[:, None, None])


def pooled(x: Array, side: int, stride: int, reduce: Callable[..., Any]) -> Array:
    return np.asarray(reduce(windows(x, side or x.shape[1], stride), axis=(3, 4)))


def extended_sum(one: Array, two: Array) -> Array:
    shape = np.maximum(one.shape, two.shape)
    total = np.zeros(shape, np.float32)
    for x in (one, two):
        total[: x.shape[0], : x.shape[1], : x.shape[2]] += x
    return total


def small_dat(side: int = 24, seed: int = 0) -> Dat:
    """A ResNet with every kind of layer the real one has, and a sum that extends all sides."""
    dat = Dat(side=side, seed=seed)
    dat.con(4, 3, side=5, stride=2, pad=0).affine(4).relu().pool("max", 3, 2)
    dat.tag().con(4, 4, side=3, stride=1, pad=1).affine(4).relu()
    dat.con(4, 4, side=3, stride=1, pad=1).affine(4).add().relu()
    dat.tag().con(6, 4, side=3, stride=2, pad=0).affine(6).relu()
    dat.con(6, 6, side=3, stride=1, pad=1).affine(6).tag_and_skip().pool("avg", 2, 2).add().relu()
    return dat.pool("avg", 0, 1).fc(6, 16)


def name_of(word: str) -> dict[str, str]:
    return {"s": base64.b64encode(word.encode()).decode()}


@dataclass
class Graph:
    """A TensorFlow.js graph model: nodes as dictionaries, weights in order."""

    side: int = 16
    seed: int = 0
    nodes: list[dict[str, Any]] = field(default_factory=list)
    weights: list[dict[str, Any]] = field(default_factory=list)
    data: bytes = b""

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        sizes = [{"size": str(n)} for n in (-1, self.side, self.side, 3)]
        self.node("input_1", "Placeholder", shape={"shape": {"dim": sizes}})

    def node(self, name: str, op: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append({"name": name, "op": op, "input": list(inputs), "attr": attributes})
        return name

    def constant(self, name: str, values: NDArray[Any], *, dtype: str = "float16") -> str:
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if dtype == "float16":
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        else:
            entry["dtype"] = dtype
        self.weights.append(entry)
        self.data += values.astype(np.dtype(dtype).newbyteorder("<")).tobytes()
        return self.node(name, "Const")

    def convolution(self, name: str, source: str, kernel: Array, *, stride: int = 1) -> str:
        depthwise = kernel.shape[3] == 1 and kernel.shape[2] > 1
        kind = "DepthwiseConv2dNative" if depthwise else "Conv2D"
        steps = {"list": {"i": ["1", str(stride), str(stride), "1"]}}
        weights = self.constant(f"{name}/kernel", kernel)
        return self.node(
            name,
            kind,
            source,
            weights,
            strides=steps,
            padding=name_of("SAME"),
            data_format=name_of("NHWC"),
            dilations={"list": {"i": ["1", "1", "1", "1"]}},
        )

    def json(self) -> bytes:
        manifest = [{"paths": ["model.bin"], "weights": self.weights}]
        topology = {"node": self.nodes}
        return json.dumps({"modelTopology": topology, "weightsManifest": manifest}).encode()


def small_graph(side: int = 16, seed: int = 0) -> Graph:
    """Two convolutions, every elementwise node, the mean, and a head to be left out."""
    graph = Graph(side=side, seed=seed)
    normal = graph.random.normal
    x = graph.convolution("conv1", "input_1", normal(0, 0.1, (3, 3, 3, 5)), stride=2)
    x = graph.node("add", "Add", x, graph.constant("beta", normal(0, 1, 5)))
    x = graph.node("relu", "Relu", x)
    x = graph.node("min", "Minimum", x, graph.constant("six", np.array(6.0)))
    x = graph.node("max", "Maximum", x, graph.constant("zero", np.array(0.0)))
    x = graph.convolution("dw", x, normal(0, 0.3, (3, 3, 5, 1)))
    x = graph.node("mul", "Mul", x, graph.constant("gamma", graph.random.uniform(0.5, 2, 5)))
    x = graph.node("residual", "AddV2", x, "max")
    axes = graph.constant("axes", np.array([1, 2]), dtype="int32")
    graph.node("global_pooling/Mean", "Mean", x, axes)
    head = graph.constant("age/kernel", normal(0, 1, (5, 100)))
    graph.node("age_pred/Softmax", "Softmax", "global_pooling/Mean", head)
    return graph


def run_onnx(model: bytes, batch: Array) -> Array:
    """Compute with the format's own reference implementation."""
    from onnx.reference import ReferenceEvaluator

    (result,) = ReferenceEvaluator(model).run(None, {"image": batch})
    return np.asarray(result)


@pytest.fixture
def make_dat() -> Callable[..., Dat]:
    return small_dat


@pytest.fixture
def new_dat() -> Callable[..., Dat]:
    return Dat


@pytest.fixture
def make_graph() -> Callable[..., Graph]:
    return small_graph


@pytest.fixture
def onnx_run() -> Run:
    return run_onnx
