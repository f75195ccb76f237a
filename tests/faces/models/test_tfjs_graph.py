from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from menshen.errors import ModelFileError
from menshen.faces.models import tfjs_graph
from menshen.platform.packs.install import SOURCES
from menshen.platform.settings import Settings

REAL_JSON = "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df"
REAL_BIN = "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b"
CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "tfjs").glob("*.json"))
MakeGraph = Callable[..., Any]


def survives(graph_json: bytes, weights: bytes) -> None:
    """A model may be refused, with our error; or taken, and then the result is valid ONNX."""
    try:
        model = tfjs_graph.convert(graph_json, weights)
    except ModelFileError:
        return
    onnx.checker.check_model(onnx.load_model_from_string(model), full_check=True)


def same(x: Any, kernel: Any, stride: int, *, depthwise: bool) -> Any:
    """Convolve as TensorFlow does with padding SAME: n x rows x columns x channels."""
    size, side = x.shape[1], kernel.shape[0]
    out = -(-size // stride)
    total = max((out - 1) * stride + side - size, 0)
    pad = (total // 2, total - total // 2)
    x = np.pad(x, ((0, 0), pad, pad, (0, 0)))
    cut = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    cut = cut[:, ::stride, ::stride]
    return np.einsum(
        "nrscij,ijc->nrsc" if depthwise else "nrscij,ijco->nrso",
        cut,
        kernel[..., 0] if depthwise else kernel,
    )


def expected(graph: Any, pictures: Any) -> Any:
    """Compute the small graph with channels last, straight from its own weights."""
    weights, at = {}, 0
    for entry in graph.weights:
        dtype = np.dtype("<i4" if entry["dtype"] == "int32" else "<f2")
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(graph.data, dtype, count, at).reshape(entry["shape"])
        weights[entry["name"]] = values.astype(np.float64)
        at += count * dtype.itemsize
    x = pictures.transpose(0, 2, 3, 1) - np.array([103.939, 116.779, 123.68])
    x = same(x, weights["conv1/kernel"], 2, depthwise=False) + weights["beta"]
    clipped = np.clip(x, 0, 6)
    x = same(clipped, weights["dw/kernel"], 1, depthwise=True) * weights["gamma"]
    return (x + clipped).mean(axis=(1, 2))


@pytest.mark.parametrize("side", [16, 17])
def test_computes_what_the_nodes_say(make_graph: MakeGraph, onnx_run: Any, side: int) -> None:
    graph = make_graph(side)
    pictures = np.random.default_rng(1).uniform(0, 255, (2, 3, side, side)).astype(np.float32)
    got = onnx_run(tfjs_graph.convert(graph.json(), graph.data), pictures)
    assert got.shape == (2, 5)
    np.testing.assert_allclose(got, expected(graph, pictures), atol=1e-4)


def test_age_and_gender_heads_stay_behind(make_graph: MakeGraph) -> None:
    graph = make_graph()
    model = onnx.load_model_from_string(tfjs_graph.convert(graph.json(), graph.data))
    assert [output.name for output in model.graph.output] == ["embedding"]
    assert not {"Softmax", "Sigmoid", "MatMul", "Gemm"} & {n.op_type for n in model.graph.node}
    assert all(100 not in constant.dims for constant in model.graph.initializer)


def test_nodes_may_come_in_any_order(make_graph: MakeGraph) -> None:
    graph = make_graph()
    before = tfjs_graph.convert(graph.json(), graph.data)
    graph.nodes.reverse()
    shapes = [
        sorted(tuple(c.dims) for c in onnx.load_model_from_string(m).graph.initializer)
        for m in (before, tfjs_graph.convert(graph.json(), graph.data))
    ]
    assert shapes[0] == shapes[1]


def test_unreachable_nodes_need_no_known_kind(make_graph: MakeGraph) -> None:
    graph = make_graph()
    graph.node("else", "SomethingNobodyKnows", "age_pred/Softmax")
    tfjs_graph.convert(graph.json(), graph.data)


def test_weights_of_another_length(make_graph: MakeGraph) -> None:
    graph = make_graph()
    for data in (b"", graph.data[:-1], graph.data + b"\0"):
        with pytest.raises(ModelFileError, match="wrong length"):
            tfjs_graph.convert(graph.json(), data)


def test_every_truncation_of_the_json_is_refused(make_graph: MakeGraph) -> None:
    graph = make_graph()
    text = graph.json()
    for length in range(0, len(text), 31):
        with pytest.raises(ModelFileError):
            tfjs_graph.convert(text[:length], graph.data)


def test_too_long_files_are_refused() -> None:
    with pytest.raises(ModelFileError, match="too long"):
        tfjs_graph.convert(b" " * (tfjs_graph.LIMIT_JSON + 1), b"")
    with pytest.raises(ModelFileError, match="too long"):
        tfjs_graph.convert(b"{}", bytes(tfjs_graph.LIMIT_WEIGHTS + 1))


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000])
def test_deep_or_huge_json_is_refused(text: bytes) -> None:
    with pytest.raises(ModelFileError, match="malformed"):
        tfjs_graph.convert(text, b"")


def test_a_long_chain_does_not_recurse(make_graph: MakeGraph) -> None:
    graph = make_graph()
    last = "max"
    for number in range(3000):
        last = graph.node(f"relu{number}", "Relu", last)
    next(n for n in graph.nodes if n["name"] == "residual")["input"][1] = last
    survives(graph.json(), graph.data)


def test_too_many_nodes_are_refused(make_graph: MakeGraph) -> None:
    graph = make_graph()
    for number in range(5000):
        graph.node(f"relu{number}", "Relu", "max")
    with pytest.raises(ModelFileError, match="malformed"):
        tfjs_graph.convert(graph.json(), graph.data)


def test_a_circle_is_refused(make_graph: MakeGraph) -> None:
    graph = make_graph()
    next(n for n in graph.nodes if n["name"] == "relu")["input"] = ["max"]
    with pytest.raises(ModelFileError, match="circle"):
        tfjs_graph.convert(graph.json(), graph.data)


def altered(graph: Any, name: str, changes: dict[str, Any]) -> bytes:
    node = next(n for n in graph.nodes if n["name"] == name)
    node.update(changes)
    return bytes(graph.json())


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("relu", {"op": "Softplus"}, "unknown kind"),
        ("relu", {"input": ["nowhere"]}, "lacks a node"),
        ("relu", {"input": []}, "wrong inputs"),
        ("relu", {"input": ["beta"]}, "wrong inputs"),
        ("add", {"input": ["conv1", "gamma", "beta"]}, "wrong inputs"),
        ("add", {"input": ["conv1", "conv1/kernel"]}, "wrong size"),
        ("residual", {"input": ["mul", "input_1"]}, "unlike size"),
        ("conv1", {"input": ["input_1", "dw/kernel"]}, "wrong size"),
        ("conv1", {"attr": {}}, "malformed"),
        ("conv1", {"attr": 3}, "malformed"),
        ("global_pooling/Mean", {"input": ["residual", "beta"]}, "other axes"),
        ("global_pooling/Mean", {"op": "Const"}, "without a value"),
        ("global_pooling/Mean", {"name": "elsewhere"}, "lacks a node"),
        ("input_1", {"op": "Relu"}, "one input"),
        ("input_1", {"attr": {}}, "no picture"),
        ("input_1", {"attr": {"shape": 5}}, "malformed"),
    ],
)
def test_nodes_that_do_not_fit(
    make_graph: MakeGraph, name: str, changes: dict[str, Any], words: str
) -> None:
    graph = make_graph()
    with pytest.raises(ModelFileError, match=words):
        tfjs_graph.convert(altered(graph, name, changes), graph.data)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("padding", {"s": "VkFMSUQ="}),
        ("padding", {"s": "not base64"}),
        ("padding", {}),
        ("data_format", {"s": "TkNIVw=="}),
        ("strides", {"list": {"i": ["1", "0", "0", "1"]}}),
        ("strides", {"list": {"i": ["1", "2"]}}),
        ("strides", {"list": {"i": ["x"]}}),
        ("dilations", {"list": {"i": ["1", "2", "2", "1"]}}),
    ],
)
def test_convolutions_of_another_kind(make_graph: MakeGraph, key: str, value: Any) -> None:
    graph = make_graph()
    node = next(n for n in graph.nodes if n["name"] == "conv1")
    node["attr"][key] = value
    with pytest.raises(ModelFileError, match="convolution"):
        tfjs_graph.convert(graph.json(), graph.data)


@pytest.mark.parametrize("shape", [[-1], [2**30, 2**30, 2**30], [0, 2**60], [2**70]])
def test_impossible_shapes_allocate_nothing(make_graph: MakeGraph, shape: list[int]) -> None:
    graph = make_graph()
    graph.weights[0]["shape"] = shape
    with pytest.raises(ModelFileError):
        tfjs_graph.convert(graph.json(), graph.data)


@pytest.mark.parametrize("dtype", ["uint8", "string", "O", "float64"])
def test_other_weight_types_are_refused(make_graph: MakeGraph, dtype: str) -> None:
    graph = make_graph()
    graph.weights[0]["quantization"]["dtype"] = dtype
    with pytest.raises(ModelFileError, match="unknown type"):
        tfjs_graph.convert(graph.json(), graph.data)


def test_weights_must_be_numbers(make_graph: MakeGraph) -> None:
    graph = make_graph()
    with pytest.raises(ModelFileError, match="no number"):
        tfjs_graph.convert(graph.json(), b"\x00\x7e" + graph.data[2:])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 400), value=json_values)
def test_any_value_of_the_json_may_change(make_graph: MakeGraph, place: int, value: Any) -> None:
    graph = make_graph()
    document = json.loads(graph.json())
    places = list(_places(document))
    holder, key = places[place % len(places)]
    holder[key] = value
    survives(json.dumps(document).encode(), graph.data)


def _places(value: Any) -> Any:
    """List every (container, key) of a JSON document."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, inner in list(pairs):
            yield holder, key
            if isinstance(inner, (dict, list)):
                waiting.append(inner)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 6000), piece=st.binary(min_size=1, max_size=6))
def test_mutated_json(make_graph: MakeGraph, at: int, piece: bytes) -> None:
    graph = make_graph()
    text = graph.json()
    survives(text[:at] + piece + text[at + len(piece) :], graph.data)


@given(text=st.binary(max_size=500), weights=st.binary(max_size=50))
def test_random_bytes(text: bytes, weights: bytes) -> None:
    survives(text, weights)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_corpus(path: Path) -> None:
    weights = path.with_suffix(".bin")
    survives(path.read_bytes(), weights.read_bytes() if weights.exists() else b"")


def test_corpus_is_there() -> None:
    assert len(CORPUS) >= 5


@pytest.fixture(scope="module")
def real() -> tuple[bytes, bytes]:
    folder = Settings().packs_dir / SOURCES
    if not (folder / REAL_JSON).is_file():
        if os.environ.get("MENSHEN_REQUIRE_MODELS") and shutil.which("npm"):
            pytest.fail("the pack standard is not installed; run `make models`")
        pytest.skip("the pack standard is not installed; run `make models`")
    return (folder / REAL_JSON).read_bytes(), (folder / REAL_BIN).read_bytes()


@pytest.mark.models
def test_the_real_graph_has_no_age_or_gender(real: tuple[bytes, bytes]) -> None:
    assert b"gender_pred" in real[0]
    model = tfjs_graph.convert(*real)
    graph = onnx.load_model_from_string(model).graph
    assert [output.name for output in graph.output] == ["embedding"]
    sizes = [d.dim_value for d in graph.output[0].type.tensor_type.shape.dim]
    assert sizes == [0, 1024]
    kinds = {node.op_type for node in graph.node}
    assert kinds == {"Sub", "Conv", "Add", "Mul", "Relu", "Min", "Max", "ReduceMean", "Identity"}
    for word in (b"gender", b"age_pred", b"feats"):
        assert word not in model


@pytest.mark.models
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 71_000), piece=st.binary(min_size=1, max_size=6))
def test_mutated_real_graph(real: tuple[bytes, bytes], at: int, piece: bytes) -> None:
    text = real[0][:at] + piece + real[0][at + len(piece) :]
    with pytest.raises(ModelFileError):
        tfjs_graph.convert(text, real[1][:1000])
