"""Writes small ONNX graphs: the one format both converters end in.

One input, ``image`` (n x 3 x rows x columns, float32, any batch), and one output,
``embedding`` (n x features). Operators are those of opset 17 of the Open Neural Network
Exchange; the finished model goes through the format's own checker.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from menshen.errors import ModelFileError

OPSET = 17
IR_VERSION = 8
INPUT = "image"
OUTPUT = "embedding"

Weights = NDArray[np.float32]


class GraphWriter:
    """Collects nodes and constants in the order they are computed."""

    def __init__(self, *, name: str, rows: int, columns: int) -> None:
        self._name = name
        self._size = (rows, columns)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: NDArray[Any]) -> str:
        """Store an array in the model; returns the name to use it by."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        array = np.ascontiguousarray(values).reshape(np.shape(values))
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, /, *inputs: str, **attributes: Any) -> str:
        """Append one operator; returns the name of its output."""
        from onnx import helper

        name = f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def finish(self, result: str, *, features: int) -> bytes:
        """Turn it into bytes, with ``result`` as the embedding.

        Raises ModelFileError when the shapes of the graph do not fit together.
        """
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [result], [OUTPUT], name=OUTPUT))
        image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, *self._size])
        embedding = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", features])
        graph = helper.make_graph(self._nodes, self._name, [image], [embedding], self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            graph, producer_name="menshen", ir_version=IR_VERSION, opset_imports=[opset]
        )
        return _checked(model)


def _checked(model: Any) -> bytes:
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelFileError("the network's layers do not fit together") from error
    return bytes(model.SerializeToString())
