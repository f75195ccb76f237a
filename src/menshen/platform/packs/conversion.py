"""Turns a pack's files, whatever their format, into the one the runtime reads.

OpenVINO intermediate representation, weights kept as float32: nothing is lost, and the
output names stay what the manifest says. A network that comes in that format is kept as is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from menshen.errors import ModelFileError
from menshen.faces.models import dlib_dat, tfjs_graph
from menshen.faces.models.manifest import ModelEntry

CONVERSION = 1
"""Raised by hand whenever a converter writes something else for the same input."""

XML = "network.xml"
WEIGHTS = "network.bin"


def key(model: ModelEntry) -> str:
    """Name the result of a conversion by what goes in: 32 hexadecimal digits."""
    parts = [CONVERSION, model.format, [source.sha256 for source in model.sources]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def convert(model: ModelEntry, files: Sequence[bytes], *, folder: Path) -> None:
    """Write ``network.xml`` and ``network.bin`` into ``folder``.

    ``files`` are the model's sources in the manifest's order. Raises ModelFileError when they
    are no such network.
    """
    if len(files) != _FILES[model.format]:
        raise ModelFileError(f"a model in format {model.format} has {_FILES[model.format]} files")
    try:
        _write(model, files, folder)
    except RuntimeError as error:
        raise ModelFileError(f"the runtime cannot read the model {model.id}") from error


_FILES = {"tflite": 1, "dlib-dat": 1, "tfjs-graph": 2, "onnx": 1, "openvino-ir": 2}


def _write(model: ModelEntry, files: Sequence[bytes], folder: Path) -> None:
    import openvino

    core = openvino.Core()
    match model.format:
        case "openvino-ir":
            core.read_model(*files)
            (folder / XML).write_bytes(files[0])
            (folder / WEIGHTS).write_bytes(files[1])
            return
        case "tflite":
            network = _from_tflite(core, files[0], folder)
        case "dlib-dat":
            network = core.read_model(dlib_dat.convert(files[0]))
        case "tfjs-graph":
            network = core.read_model(tfjs_graph.convert(*files))
        case "onnx":
            network = core.read_model(_self_contained(files[0]))
    openvino.save_model(network, folder / XML, compress_to_fp16=False)


def _from_tflite(core: Any, data: bytes, folder: Path) -> Any:
    """Read TensorFlow Lite, which the runtime takes only from a file."""
    path = folder / "source.tflite"
    path.write_bytes(data)
    try:
        return core.read_model(path)
    finally:
        path.unlink()


def _self_contained(data: bytes) -> bytes:
    """Refuse an ONNX model that would read its weights from other files of the machine."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise ModelFileError("not an ONNX model") from error
    if any(onnx.external_data_helper.uses_external_data(t) for t in model.graph.initializer):
        raise ModelFileError("the ONNX model keeps weights in other files")
    return data
