from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from menshen.errors import ModelFileError
from menshen.faces.models import dlib_dat, dlib_format
from menshen.faces.models.pack import Pack
from menshen.platform.packs.install import SOURCES
from menshen.platform.settings import Settings

REAL = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "dlib").glob("*.dat"))
MakeDat = Callable[..., Any]


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def survives(data: bytes) -> None:
    """A file may be refused, with our error; or taken, and then the result is valid ONNX."""
    try:
        model = dlib_dat.convert(data)
    except ModelFileError:
        return
    onnx.checker.check_model(onnx.load_model_from_string(model), full_check=True)


@pytest.mark.parametrize("side", [24, 25, 31])
def test_computes_what_the_layers_say(make_dat: MakeDat, onnx_run: Any, side: int) -> None:
    dat = make_dat(side)
    pictures = np.random.default_rng(1).uniform(0, 255, (3, 3, side, side)).astype(np.float32)
    got = onnx_run(dlib_dat.convert(dat.bytes()), pictures)
    wanted = np.stack([dat.compute(picture) for picture in pictures])
    assert got.shape == (3, 16)
    assert np.abs(got - wanted).max() < 1e-5


def test_names_shapes_and_operators(make_dat: MakeDat) -> None:
    model = onnx.load_model_from_string(dlib_dat.convert(make_dat().bytes()))
    (image,), (embedding,) = model.graph.input, model.graph.output
    sizes = [d.dim_value or d.dim_param for d in image.type.tensor_type.shape.dim]
    assert (image.name, sizes) == ("image", ["n", 3, 24, 24])
    sizes = [d.dim_value or d.dim_param for d in embedding.type.tensor_type.shape.dim]
    assert (embedding.name, sizes) == ("embedding", ["n", 16])
    assert model.opset_import[0].version == 17
    operators = {node.op_type for node in model.graph.node}
    assert {"Conv", "MaxPool", "AveragePool", "Pad", "MatMul"} <= operators
    assert "BatchNormalization" not in operators


def test_is_deterministic(make_dat: MakeDat) -> None:
    assert dlib_dat.convert(make_dat().bytes()) == dlib_dat.convert(make_dat().bytes())


def test_every_truncation_is_refused(make_dat: MakeDat) -> None:
    data = make_dat().bytes()
    for length in [*range(0, len(data), 97), *range(400), len(data) - 1]:
        with pytest.raises(ModelFileError):
            dlib_dat.convert(data[:length])


def test_trailing_bytes_are_refused(make_dat: MakeDat) -> None:
    with pytest.raises(ModelFileError, match="goes on"):
        dlib_dat.convert(make_dat().bytes() + b"\0")


def test_too_long_a_file_is_refused() -> None:
    with pytest.raises(ModelFileError, match="64 MiB"):
        dlib_dat.convert(bytes(dlib_format.LIMIT + 1))


def test_a_tensor_larger_than_the_file_allocates_nothing(new_dat: MakeDat) -> None:
    dat = new_dat()
    dat.con(2, 3, side=3, stride=1, pad=0)
    shape = b"".join(integer(n) for n in (6, 1, 1, 1))
    claim = b"".join(integer(n) for n in (2**26, 2**26, 2**26, 2**26))
    data = dat.bytes().replace(integer(2) + integer(56) + shape[2:], integer(2) + claim, 1)
    assert data != dat.bytes()
    with pytest.raises(ModelFileError, match="ends too early"):
        dlib_dat.convert(data)


def test_endless_nesting_is_refused() -> None:
    head = integer(1) + integer(13) + b"loss_metric_2" + integer(1) * 4
    with pytest.raises(ModelFileError, match="too many layers"):
        dlib_dat.convert(head + integer(2) * 100_000)


def test_many_layers_do_not_recurse(new_dat: MakeDat) -> None:
    dat = new_dat(side=8)
    dat.con(4, 3, side=1, stride=1, pad=0)
    for _ in range(1000):
        dat.relu()
    survives(dat.pool("avg", 0, 1).fc(4, 16).bytes())


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda d: d.con(4, 5, side=3, stride=1, pad=0).fc(4, 16), "other channels"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).affine(5).fc(4, 16), "wrong size"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).relu().affine(4).fc(4, 16), "follows no"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).add().fc(4, 16), "adds a layer"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).tag_and_skip().relu(), "skips|end in"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).fc(4, 16), "other features"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=0).relu(), "end in a connected"),
        (lambda d: d.con(4, 3, side=15, stride=8, pad=0).pool("max", 9, 1).fc(4, 9), "no room"),
        (lambda d: d.con(4, 3, side=17, stride=1, pad=0).fc(4, 16), "expected"),
        (lambda d: d.con(4, 3, side=3, stride=9, pad=0).fc(4, 16), "expected"),
        (lambda d: d.con(4, 3, side=3, stride=1, pad=8).fc(4, 16), "expected"),
        (lambda d: d.relu().fc(4, 16), "other features"),
    ],
)
def test_layers_that_do_not_fit(new_dat: MakeDat, build: Any, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        dlib_dat.convert(build(new_dat()).bytes())


def test_three_marks_in_a_row_are_no_block(new_dat: MakeDat) -> None:
    dat = new_dat().con(4, 3, side=3, stride=1, pad=0)
    dat.tag().tag_and_skip().relu()
    with pytest.raises(ModelFileError, match="unknown kind"):
        dlib_dat.convert(dat.bytes())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"loss_metric_2", b"loss_metric_9", "not a dlib face"),
        (b"input_rgb_image_sized", b"input_rgb_image_siz_d", "does not start"),
        (b"con_4", b"con_5", "unknown kind"),
        (b"110", b"1x0", "flag"),
    ],
)
def test_other_words_are_refused(make_dat: MakeDat, old: bytes, new: bytes, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        dlib_dat.convert(make_dat().bytes().replace(old, new, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_must_be_numbers(new_dat: MakeDat, value: float) -> None:
    dat = new_dat()
    dat.con(2, 3, side=3, stride=1, pad=0)
    data = bytearray(dat.bytes())
    at = data.index(b"con_4") + 15
    data[at : at + 4] = np.array([value], "<f4").tobytes()
    with pytest.raises(ModelFileError, match="no number"):
        dlib_dat.convert(bytes(data))


def test_weights_that_overflow_when_folded(new_dat: MakeDat) -> None:
    dat = new_dat()
    dat.con(2, 3, side=3, stride=1, pad=0).affine(2)
    data = bytearray(dat.fc(968, 16).bytes())
    for at in (data.index(b"con_4") + 15, data.index(b"affine_") + 17):
        data[at : at + 4] = np.array([3e38], "<f4").tobytes()
    with pytest.raises(ModelFileError, match="out of all bounds"):
        dlib_dat.convert(bytes(data))


@pytest.mark.parametrize("head", [0x00, 0x09, 0x0F, 0x11, 0x71, 0xFF])
def test_malformed_numbers_are_refused(head: int) -> None:
    with pytest.raises(ModelFileError, match=r"malformed|too early"):
        dlib_dat.convert(bytes([head]) + bytes(16))


@given(data=st.binary(max_size=2000))
def test_random_bytes(data: bytes) -> None:
    survives(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=8)), max_size=4))
def test_mutations(make_dat: MakeDat, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(make_dat().bytes())
    for at, piece in changes:
        data[at : at + len(piece)] = piece
    survives(bytes(data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 330), value=st.integers(0, 255))
def test_every_byte_of_the_head_may_change(make_dat: MakeDat, at: int, value: int) -> None:
    data = bytearray(make_dat().bytes())
    data[at] = value
    survives(bytes(data))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_corpus(path: Path) -> None:
    survives(path.read_bytes())


def test_corpus_is_there() -> None:
    assert len(CORPUS) >= 5


@pytest.fixture(scope="module")
def real(basic_pack: Pack) -> bytes:
    assert basic_pack.manifest.models
    return (Settings().packs_dir / SOURCES / REAL).read_bytes()


@pytest.mark.models
def test_fidelity_to_dlib_on_50_chips(basic_pack: Pack, real: bytes, tmp_path: Path) -> None:
    """The same numbers as dlib's own, up to 1e-5 (DESIGN 7)."""
    import dlib
    import openvino

    (tmp_path / "network.dat").write_bytes(real)
    chips = _chips(50)
    peer = dlib.face_recognition_model_v1(str(tmp_path / "network.dat"))
    theirs = np.array([peer.compute_face_descriptor(chip) for chip in chips], np.float32)
    stored = basic_pack.read("dlib-resnet")
    network = openvino.Core().read_model(stored.xml, stored.weights)
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    run = openvino.Core().compile_model(network, "CPU", options)
    ours = run([chips.transpose(0, 3, 1, 2).astype(np.float32)])["embedding"]
    assert np.abs(ours - theirs).max() <= 1e-5


def _chips(count: int) -> Any:
    """Soft patterns, noise and flats at the size of a chip, without anybody's face."""
    import cv2

    random = np.random.default_rng(7)
    sides = [3 + 7 * (i % 22) for i in range(count)]
    small = [random.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in sides]
    return np.stack([cv2.resize(a, (150, 150), interpolation=cv2.INTER_CUBIC) for a in small])


@pytest.mark.models
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 60_000), piece=st.binary(min_size=1, max_size=8))
def test_mutated_head_of_the_real_file(real: bytes, at: int, piece: bytes) -> None:
    with pytest.raises(ModelFileError):
        dlib_dat.convert(real[:at] + piece + real[at + len(piece) : 100_000])
