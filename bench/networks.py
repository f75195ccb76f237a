"""One network in one runtime, run again and again: python -m bench.networks RUNTIME.

``openvino`` runs in Menshen's environment, ``onnxruntime`` and ``litert`` in the peers'. The
request names the model file, the shape of its input and, for OpenVINO, the precision.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from bench.lines import Answer, Handler, Request, serve

Run = Callable[[], Any]
"""Runs the network once and returns its outputs."""


def tensor(shape: list[int]) -> Any:
    import numpy as np

    values = np.random.default_rng(0).random(shape, np.float32)
    return values * np.float32(255) if shape[1] == 3 else values


def openvino(request: Request) -> Run:
    import openvino as runtime

    core = runtime.Core()
    model = core.read_model(request["model"])
    if request.get("batched"):
        model.reshape([-1, *list(model.inputs[0].partial_shape)[1:]])
    options = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": request["precision"],
    }
    infer = core.compile_model(model, "CPU", options).create_infer_request()
    values = [tensor(request["shape"])]
    return lambda: [t.copy() for t in infer.infer(values, share_inputs=True).values()]


def onnxruntime(request: Request) -> Run:
    import onnxruntime as runtime  # type: ignore[import-not-found]

    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(request["model"], options, ["CPUExecutionProvider"])
    values = {session.get_inputs()[0].name: tensor(request["shape"])}
    return lambda: session.run(None, values)


def litert(request: Request) -> Run:
    from ai_edge_litert.interpreter import (  # type: ignore[import-not-found]
        Interpreter,
    )

    interpreter = Interpreter(model_path=request["model"], num_threads=1)
    interpreter.allocate_tensors()
    index = interpreter.get_input_details()[0]["index"]
    outputs = [detail["index"] for detail in interpreter.get_output_details()]
    values = tensor(request["shape"])

    def run() -> Any:
        interpreter.set_tensor(index, values)
        interpreter.invoke()
        return [interpreter.get_tensor(output) for output in outputs]

    return run


MAKERS = {"openvino": openvino, "onnxruntime": onnxruntime, "litert": litert}


def handler(runtime: str) -> Handler:
    """Return a handler that keeps every network it was asked for."""
    kept: dict[str, Run] = {}

    def run(request: Request) -> Answer:
        key = repr(sorted((k, v) for k, v in request.items() if k not in ("seconds", "want")))
        network = kept.get(key) or kept.setdefault(key, MAKERS[runtime](request))
        outputs = network()
        return {"output": outputs[0].ravel().tolist()} if request.get("want") else {}

    return run


def main() -> None:
    serve(lambda: handler(sys.argv[1]))


if __name__ == "__main__":
    main()
