from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.onnx_writer import INPUT, IR_VERSION, OPSET, GraphWriter

Run = Callable[[bytes, Any], Any]


def test_a_graph_of_one_node(onnx_run: Run) -> None:
    graph = GraphWriter(name="mean", rows=4, columns=6)
    mean = graph.node("ReduceMean", INPUT, axes=[2, 3], keepdims=0)
    twice = graph.node("Mul", mean, graph.constant(np.array(2.0, np.float32)))
    pictures = np.random.default_rng(0).normal(size=(3, 3, 4, 6)).astype(np.float32)
    result = onnx_run(graph.finish(twice, features=3), pictures)
    np.testing.assert_allclose(result, 2 * pictures.mean(axis=(2, 3)), rtol=1e-5)


def test_says_what_it_is() -> None:
    graph = GraphWriter(name="mean", rows=4, columns=6)
    data = graph.finish(graph.node("ReduceMean", INPUT, axes=[2, 3], keepdims=0), features=3)
    model = onnx.load_model_from_string(data)
    assert (model.ir_version, model.opset_import[0].version) == (IR_VERSION, OPSET)
    assert model.producer_name == "menshen"
    assert model.graph.name == "mean"


@pytest.mark.parametrize(
    "values",
    [np.float32(1.5), np.arange(3), np.zeros((0, 2), np.float32), np.ones((2, 3), np.float32).T],
)
def test_constants_keep_shape_type_and_values(values: Any) -> None:
    graph = GraphWriter(name="constants", rows=4, columns=4)
    graph.constant(values)
    result = graph.node("ReduceMean", INPUT, axes=[2, 3], keepdims=0)
    model = onnx.load_model_from_string(graph.finish(result, features=3))
    stored = onnx.numpy_helper.to_array(model.graph.initializer[0])
    assert stored.dtype == np.asarray(values).dtype
    np.testing.assert_array_equal(stored, values)


def test_shapes_that_do_not_fit() -> None:
    graph = GraphWriter(name="bad", rows=4, columns=6)
    wrong = graph.node("MatMul", INPUT, graph.constant(np.zeros((5, 2), np.float32)))
    with pytest.raises(ModelFileError, match="do not fit"):
        graph.finish(wrong, features=3)


def test_another_number_of_features() -> None:
    graph = GraphWriter(name="bad", rows=4, columns=6)
    mean = graph.node("ReduceMean", INPUT, axes=[2, 3], keepdims=0)
    with pytest.raises(ModelFileError, match="do not fit"):
        graph.finish(mean, features=4)


def test_an_unknown_operator() -> None:
    graph = GraphWriter(name="bad", rows=4, columns=6)
    with pytest.raises(ModelFileError, match="do not fit"):
        graph.finish(graph.node("Frobnicate", INPUT), features=3)
