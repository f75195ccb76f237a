from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import ModelEntry
from menshen.faces.models.pack import Pack
from menshen.platform.packs import conversion
from menshen.platform.packs.install import SOURCES
from menshen.platform.settings import Settings

Network = Callable[..., bytes]
F32 = {"INFERENCE_PRECISION_HINT": "f32"}


def entry(kind: str, *digests: str) -> ModelEntry:
    sources = [{"artifact": "a", "member": d[:4], "sha256": d} for d in digests or ["0" * 64]]
    words = dict.fromkeys(("title", "licence", "training_data", "paper"), "x")
    content = {"id": "m", "role": "detector", "format": kind, "sources": sources}
    return ModelEntry.model_validate({**content, **words})


def run(folder: Path, picture: Any) -> Any:
    core = openvino.Core()
    model = core.read_model(folder / conversion.XML, folder / conversion.WEIGHTS)
    return core.compile_model(model, "CPU", F32)([picture])["embedding"]


def test_onnx_keeps_numbers_names_and_float32(tmp_path: Path, network: Network) -> None:
    conversion.convert(entry("onnx"), [network(4)], folder=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [conversion.WEIGHTS, conversion.XML]
    picture = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    matrix = np.random.default_rng(4).normal(size=(3, 16)).astype(np.float32)
    wanted = picture.mean(axis=(2, 3)) @ matrix
    np.testing.assert_allclose(run(tmp_path, picture), wanted, atol=1e-6)
    assert matrix.tobytes() in (tmp_path / conversion.WEIGHTS).read_bytes()


def test_intermediate_representation_is_kept_as_it_is(tmp_path: Path, network: Network) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    conversion.convert(entry("onnx"), [network(4)], folder=tmp_path / "one")
    files = [(tmp_path / "one" / n).read_bytes() for n in (conversion.XML, conversion.WEIGHTS)]
    model = entry("openvino-ir", "0" * 64, "1" * 64)
    conversion.convert(model, files, folder=tmp_path / "two")
    for name, data in zip((conversion.XML, conversion.WEIGHTS), files, strict=True):
        assert (tmp_path / "two" / name).read_bytes() == data


@pytest.mark.parametrize("kind", ["onnx", "tflite", "dlib-dat", "tfjs-graph", "openvino-ir"])
@pytest.mark.parametrize("data", [b"", b"nonsense", b"TFL3" + bytes(60), b"<net/>"])
def test_what_is_no_network_is_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    count = 2 if kind in ("tfjs-graph", "openvino-ir") else 1
    with pytest.raises(ModelFileError):
        conversion.convert(entry(kind), [data] * count, folder=tmp_path)


@pytest.mark.parametrize(("kind", "count"), [("onnx", 2), ("tfjs-graph", 1), ("openvino-ir", 1)])
def test_another_number_of_files(tmp_path: Path, kind: str, count: int) -> None:
    with pytest.raises(ModelFileError, match="files"):
        conversion.convert(entry(kind), [b"x"] * count, folder=tmp_path)


def test_onnx_that_reads_other_files_is_refused(tmp_path: Path, network: Network) -> None:
    model = onnx.load_model_from_string(network(4))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(ModelFileError, match="other files"):
        conversion.convert(entry("onnx"), [model.SerializeToString()], folder=tmp_path)


def test_the_key_depends_on_everything_that_goes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    one = conversion.key(entry("onnx", "0" * 64))
    assert one == conversion.key(entry("onnx", "0" * 64))
    others = {
        conversion.key(entry("onnx", "1" * 64)),
        conversion.key(entry("tflite", "0" * 64)),
        conversion.key(entry("onnx", "0" * 64, "1" * 64)),
    }
    monkeypatch.setattr(conversion, "CONVERSION", conversion.CONVERSION + 1)
    others.add(conversion.key(entry("onnx", "0" * 64)))
    assert len(others | {one}) == 5


@pytest.mark.models
@pytest.mark.parametrize("name", ["blazeface-short", "face-mesh", "iris"])
def test_stored_networks_compute_what_their_sources_do(
    basic_pack: Pack, tmp_path: Path, name: str
) -> None:
    """The same outputs, name by name and number by number, as the TensorFlow Lite file."""
    model = next(m for m in basic_pack.manifest.models if m.id == name)
    source = Settings().packs_dir / SOURCES / model.sources[0].sha256
    (tmp_path / "source.tflite").write_bytes(source.read_bytes())
    core = openvino.Core()
    stored = basic_pack.read(name)
    networks = (
        core.read_model(tmp_path / "source.tflite"),
        core.read_model(stored.xml, stored.weights),
    )
    shape = networks[0].inputs[0].partial_shape.get_min_shape()
    picture = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    theirs, ours = (core.compile_model(n, "CPU", F32)([picture]) for n in networks)
    outputs = [output.get_any_name() for output in networks[0].outputs]
    assert [output.get_any_name() for output in networks[1].outputs] == outputs
    for output in outputs:
        np.testing.assert_allclose(ours[output], theirs[output], rtol=0, atol=1e-6)
