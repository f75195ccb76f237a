"""HSE FaceRes, a TensorFlow.js graph model, to ONNX.

Only what the embedding ``global_pooling/Mean`` needs is converted (Savchenko 2019, PeerJ
Computer Science 5:e197). The age and gender heads behind it stay behind: Menshen verifies
that somebody is who they say, it does not guess what they are.

TensorFlow keeps channels last; kernels turn from HWIO to OIHW, constants along the channel
to C x 1 x 1, and padding ``SAME`` is ONNX's ``SAME_UPPER``.
"""

from __future__ import annotations

import base64
import binascii
import graphlib
import math
from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from menshen.errors import ModelFileError
from menshen.faces.models.onnx_writer import INPUT, GraphWriter, Weights

LIMIT_JSON = 4 * 2**20
LIMIT_WEIGHTS = 64 * 2**20
"""Bytes the files may have; the real ones have 71,432 and 6,978,814."""

EMBEDDING = "global_pooling/Mean"
MEAN_BGR = (103.939, 116.779, 123.68)

_MAX_NODES = 4096
_MAX_SIDE = 2**20
_ELEMENTWISE = {"Add": "Add", "AddV2": "Add", "Mul": "Mul", "Minimum": "Min", "Maximum": "Max"}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_ITEM_SIZES = {"float32": 4, "float16": 2, "int32": 4}


class _Dimension(BaseModel):
    size: int


class _Shape(BaseModel):
    dim: list[_Dimension] = Field(default=[], max_length=8)


class _ShapeAttribute(BaseModel):
    shape: _Shape = _Shape()


class _Numbers(BaseModel):
    i: list[int] = Field(default=[], max_length=16)


class _Convolving(BaseModel):
    strides: dict[str, _Numbers]
    dilations: dict[str, _Numbers] = {}
    padding: dict[str, str]
    data_format: dict[str, str]


class _Node(BaseModel):
    name: str = Field(max_length=256)
    op: str = Field(max_length=64)
    input: list[str] = Field(default=[], max_length=16)
    attr: dict[str, object] = {}


class _Topology(BaseModel):
    node: list[_Node] = Field(max_length=_MAX_NODES)


class _Quantisation(BaseModel):
    dtype: str


class _Stored(BaseModel):
    """One entry of the list that says how the weight file is cut."""

    name: str
    shape: list[int] = Field(max_length=8)
    dtype: str
    quantization: _Quantisation | None = None

    @property
    def kind(self) -> str:
        return self.quantization.dtype if self.quantization else self.dtype


class _Group(BaseModel):
    weights: list[_Stored] = Field(max_length=_MAX_NODES)


class _Model(BaseModel):
    modelTopology: _Topology  # noqa: N815 (the format's own spelling)
    weightsManifest: list[_Group] = Field(max_length=64)  # noqa: N815


def convert(graph_json: bytes, weights: bytes) -> bytes:
    """Make an ONNX model of the embedding part.

    Input ``image``: n x 3 x 224 x 224, BGR, 0..255; the mean is subtracted inside. Output
    ``embedding``: n x 1024, not normalised. Raises ModelFileError for anything that is not
    such a graph, or whose weight file has another length than the graph says.
    """
    if len(graph_json) > LIMIT_JSON or len(weights) > LIMIT_WEIGHTS:
        raise ModelFileError("the TensorFlow.js model is too long")
    try:
        model = _Model.model_validate_json(graph_json)
    except ValidationError as error:
        raise ModelFileError("the TensorFlow.js graph is malformed") from error
    nodes = {node.name: node for node in model.modelTopology.node}
    stored = [entry for group in model.weightsManifest for entry in group.weights]
    return _Emitter(nodes, _arrays(stored, weights)).run(_needed(nodes))


def _arrays(stored: list[_Stored], weights: bytes) -> dict[str, Weights]:
    """Cut the weight file; float16 becomes float32, which is exact."""
    sizes = [math.prod(entry.shape) * _item_size(entry) for entry in stored]
    if not all(0 <= n <= _MAX_SIDE for entry in stored for n in entry.shape) or sum(sizes) != len(
        weights
    ):
        raise ModelFileError("the TensorFlow.js weight file has the wrong length")
    arrays, at = {}, 0
    for entry, size in zip(stored, sizes, strict=True):
        piece = np.frombuffer(weights[at : at + size], dtype=np.dtype(entry.kind).newbyteorder("<"))
        arrays[entry.name] = piece.astype(np.float32).reshape(entry.shape)
        at += size
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModelFileError("the TensorFlow.js model has a weight that is no number")
    return arrays


def _item_size(entry: _Stored) -> int:
    if entry.kind not in _ITEM_SIZES:
        raise ModelFileError("the TensorFlow.js model stores weights in an unknown type")
    return _ITEM_SIZES[entry.kind]


def _needed(nodes: Mapping[str, _Node]) -> Iterator[_Node]:
    """Find the nodes the embedding depends on, each after its inputs."""
    waiting, inputs = [EMBEDDING], dict[str, list[str]]()
    while waiting:
        name = waiting.pop()
        if name in inputs:
            continue
        if name not in nodes:
            raise ModelFileError("the TensorFlow.js graph lacks a node the embedding needs")
        inputs[name] = nodes[name].input
        waiting.extend(nodes[name].input)
    try:
        return iter([nodes[name] for name in graphlib.TopologicalSorter(inputs).static_order()])
    except graphlib.CycleError as error:
        raise ModelFileError("the TensorFlow.js graph runs in a circle") from error


class _Emitter:
    """Writes nodes as ONNX; knows each value's name and channels, and each constant."""

    def __init__(self, nodes: Mapping[str, _Node], arrays: Mapping[str, Weights]) -> None:
        rows, columns = _picture_size(nodes)
        self._graph = GraphWriter(name="faceres", rows=rows, columns=columns)
        self._arrays = arrays
        self._constants: dict[str, Weights] = {}
        self._values: dict[str, tuple[str, int]] = {}

    def run(self, nodes: Iterator[_Node]) -> bytes:
        for node in nodes:
            self._emit(node)
        if EMBEDDING not in self._values:
            raise ModelFileError("the TensorFlow.js graph computes no embedding")
        name, channels = self._values[EMBEDDING]
        return self._graph.finish(name, features=channels)

    def _emit(self, node: _Node) -> None:
        if node.op == "Const":
            self._constants[node.name] = self._array(node.name)
        elif node.op == "Placeholder":
            self._values[node.name] = self._picture(), 3
        elif node.op in _CONVOLUTIONS:
            self._values[node.name] = self._convolve(node)
        elif node.op in _ELEMENTWISE:
            self._values[node.name] = self._elementwise(node)
        elif node.op == "Relu":
            (name, channels), *_ = self._operands(node, count=1)
            self._values[node.name] = self._graph.node("Relu", name), channels
        elif node.op == "Mean":
            self._values[node.name] = self._mean(node)
        else:
            raise ModelFileError("the TensorFlow.js graph has a node of an unknown kind")

    def _array(self, name: str) -> Weights:
        if name not in self._arrays:
            raise ModelFileError("the TensorFlow.js graph has a constant without a value")
        return self._arrays[name]

    def _picture(self) -> str:
        mean = np.array(MEAN_BGR, dtype=np.float32).reshape(1, 3, 1, 1)
        return self._graph.node("Sub", INPUT, self._graph.constant(mean))

    def _operands(self, node: _Node, *, count: int) -> list[tuple[str, int]]:
        """Find the node's inputs that are computed, not constant."""
        values = [self._values[name] for name in node.input if name in self._values]
        if len(values) != count:
            raise ModelFileError("a node of the TensorFlow.js graph has the wrong inputs")
        return values

    def _parameter(self, node: _Node) -> Weights:
        """Find the node's second input, which must be a constant."""
        if len(node.input) != 2 or node.input[1] not in self._constants:
            raise ModelFileError("a node of the TensorFlow.js graph has the wrong inputs")
        return self._constants[node.input[1]]

    def _convolve(self, node: _Node) -> tuple[str, int]:
        (name, channels), *_ = self._operands(node, count=1)
        kernel = self._parameter(node)
        if kernel.ndim != 4 or kernel.shape[2] != channels or not kernel.size:
            raise ModelFileError("a convolution of the TensorFlow.js graph has the wrong size")
        depthwise = node.op == "DepthwiseConv2dNative"
        kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        if depthwise:
            kernel = kernel.reshape(-1, 1, *kernel.shape[2:])
        result = self._graph.node(
            "Conv",
            name,
            self._graph.constant(kernel),
            group=channels if depthwise else 1,
            kernel_shape=kernel.shape[2:],
            auto_pad="SAME_UPPER",
            strides=_strides(node),
        )
        return result, kernel.shape[0]

    def _elementwise(self, node: _Node) -> tuple[str, int]:
        operator = _ELEMENTWISE[node.op]
        if all(name in self._values for name in node.input):
            (one, channels), (two, others) = self._operands(node, count=2)
            if channels != others:
                raise ModelFileError("the TensorFlow.js graph joins values of unlike size")
            return self._graph.node(operator, one, two), channels
        (name, channels), *_ = self._operands(node, count=1)
        parameter = self._parameter(node)
        if parameter.shape not in ((), (1,), (channels,)):
            raise ModelFileError("a constant of the TensorFlow.js graph has the wrong size")
        constant = parameter.reshape(1, -1, 1, 1) if parameter.ndim else parameter
        return self._graph.node(operator, name, self._graph.constant(constant)), channels

    def _mean(self, node: _Node) -> tuple[str, int]:
        (name, channels), *_ = self._operands(node, count=1)
        if sorted(self._parameter(node).ravel().tolist()) != [1, 2]:
            raise ModelFileError("the TensorFlow.js graph averages over other axes than the two")
        return self._graph.node("ReduceMean", name, axes=[2, 3], keepdims=0), channels


def _picture_size(nodes: Mapping[str, _Node]) -> tuple[int, int]:
    entries = [node for node in nodes.values() if node.op == "Placeholder"]
    if len(entries) != 1:
        raise ModelFileError("the TensorFlow.js graph must have one input")
    try:
        attribute = _ShapeAttribute.model_validate(entries[0].attr.get("shape", {}))
    except ValidationError as error:
        raise ModelFileError("the TensorFlow.js graph's input is malformed") from error
    sizes = [dimension.size for dimension in attribute.shape.dim]
    if len(sizes) != 4 or sizes[3] != 3 or not all(8 <= n <= 1024 for n in sizes[1:3]):
        raise ModelFileError("the TensorFlow.js graph's input is no picture")
    return sizes[1], sizes[2]


def _strides(node: _Node) -> list[int]:
    """Read the strides of a convolution: channels last, undilated, padded ``SAME``."""
    try:
        attributes = _Convolving.model_validate(node.attr)
        padding = base64.b64decode(attributes.padding.get("s", ""), validate=True)
        layout = base64.b64decode(attributes.data_format.get("s", ""), validate=True)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise ModelFileError("a convolution of the TensorFlow.js graph is malformed") from error
    strides = attributes.strides.get("list", _Numbers()).i
    dilations = attributes.dilations.get("list", _Numbers()).i
    plain = padding == b"SAME" and layout == b"NHWC" and set(dilations) <= {1}
    if not plain or len(strides) != 4 or not all(1 <= n <= 8 for n in strides):
        raise ModelFileError("a convolution of the TensorFlow.js graph is of an unknown kind")
    return strides[1:3]
