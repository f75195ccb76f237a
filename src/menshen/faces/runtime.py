"""The one place that knows the inference runtime (OpenVINO, CPU).

Why OpenVINO for everything, and the figures: docs/decisions/0002-runtime.md.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import openvino
import openvino.opset13

from menshen.errors import ModelFileError
from menshen.faces.models.pack import NetworkBytes
from menshen.faces.records import Floats

Precision = Literal["f32", "bf16"]
"""``bf16`` is used where the processor has it; elsewhere it means ``f32``."""

# One lock for all networks. The binding sets itself up when a process first makes a tensor and
# first runs a network; two threads doing that together wait for each other for ever, one for
# the interpreter and one for the library (seen with OpenVINO 2026.4).
_FIRST_USE = threading.Lock()


class Network:
    """One network, read and compiled when it is first run; safe to share between threads.

    ``read`` gives the network's bytes; ``streams`` is how many threads may run it at the
    same time, each on one core; ``batched`` makes the first dimension free.
    """

    def __init__(
        self,
        read: Callable[[], NetworkBytes],
        *,
        streams: int = 1,
        batched: bool = False,
        precision: Precision = "f32",
    ) -> None:
        self._read = read
        self._options = {
            "INFERENCE_NUM_THREADS": streams,
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": precision,
        }
        self._batched = batched
        self._compiled: Any = None
        self._local = threading.local()

    def load(self) -> None:
        """Read and compile now; raises ModelFileError when the bytes are no network."""
        with _FIRST_USE:
            if self._compiled is None:
                _set_up()
                self._compiled = self._compile(self._read())

    def _compile(self, data: NetworkBytes) -> Any:
        try:
            core = openvino.Core()
            model = core.read_model(data.xml, data.weights)
            if self._batched:
                model.reshape([-1, *list(model.inputs[0].partial_shape)[1:]])
            return core.compile_model(model, "CPU", self._options)
        except RuntimeError as error:
            raise ModelFileError("the runtime cannot read this network") from error

    def run(self, tensor: Floats) -> dict[str, Floats]:
        """Run one batch; returns fresh arrays by output name."""
        request = getattr(self._local, "request", None)
        if request is None:
            self.load()
            request = self._local.request = self._compiled.create_infer_request()
        return _infer(request, self._compiled, tensor)


def _infer(request: Any, compiled: Any, tensor: Floats) -> dict[str, Floats]:
    request.infer([np.ascontiguousarray(tensor)], share_inputs=True)
    return {
        output.get_any_name(): np.array(request.get_tensor(output).data, np.float32)
        for output in compiled.outputs
    }


@functools.cache
def _set_up() -> None:
    """Run the smallest network once, by the same calls as any other."""
    x = openvino.opset13.parameter([1, 1], np.float32, name="x")
    y = openvino.opset13.relu(x)
    y.output(0).set_names({"y"})
    model = openvino.Model([y], [x])
    compiled = openvino.Core().compile_model(model, "CPU")
    _infer(compiled.create_infer_request(), compiled, np.zeros((1, 1), np.float32))
