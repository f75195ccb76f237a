from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import openvino as ov
import openvino.opset13 as ops
import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.pack import NetworkBytes
from menshen.faces.runtime import Network


@pytest.fixture(scope="module")
def doubling(tmp_path_factory: pytest.TempPathFactory) -> NetworkBytes:
    """y = 2 x, the smallest network there is."""
    x = ops.parameter([1, 4], np.float32, name="x")
    y = ops.multiply(x, ops.constant(np.float32(2)))
    y.output(0).set_names({"y"})
    path = tmp_path_factory.mktemp("network") / "double.xml"
    ov.save_model(ov.Model([y], [x]), path, compress_to_fp16=False)
    return NetworkBytes(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def test_runs_and_names_its_outputs(doubling: NetworkBytes) -> None:
    network = Network(lambda: doubling)
    out = network.run(np.array([[1, 2, 3, 4]], np.float32))
    assert out["y"].tolist() == [[2, 4, 6, 8]]
    assert out["y"].dtype == np.float32


def test_outputs_outlive_the_next_call(doubling: NetworkBytes) -> None:
    network = Network(lambda: doubling)
    first = network.run(np.ones((1, 4), np.float32))["y"]
    network.run(np.zeros((1, 4), np.float32))
    assert first.tolist() == [[2, 2, 2, 2]]


def test_batched_networks_take_any_number(doubling: NetworkBytes) -> None:
    network = Network(lambda: doubling, batched=True)
    for rows in (1, 5, 3):
        assert network.run(np.ones((rows, 4), np.float32))["y"].shape == (rows, 4)


def test_accepts_views_that_are_not_contiguous(doubling: NetworkBytes) -> None:
    view = np.arange(8, dtype=np.float32)[None, ::2]
    assert Network(lambda: doubling).run(view)["y"].tolist() == [[0, 4, 8, 12]]


def test_bytes_are_read_once_and_only_when_needed(doubling: NetworkBytes) -> None:
    reads = []

    def read() -> NetworkBytes:
        reads.append(1)
        return doubling

    network = Network(read, streams=2)
    assert not reads
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(20):
            network.run(np.ones((1, 4), np.float32))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1


@pytest.mark.parametrize(
    "data",
    [NetworkBytes(b"", b""), NetworkBytes(b"<net/>", b""), NetworkBytes(b"\x00" * 100, b"x")],
)
def test_other_bytes_are_no_network(data: NetworkBytes) -> None:
    with pytest.raises(ModelFileError):
        Network(lambda: data).load()


RACE = """
import sys, threading
import numpy as np
from menshen.faces.models.pack import NetworkBytes
from menshen.faces.runtime import Network
xml, weights = (open(path, "rb").read() for path in sys.argv[1:])
networks = [Network(lambda: NetworkBytes(xml, weights), streams=2) for _ in range(4)]
start = threading.Barrier(8)
def work(number):
    start.wait()
    networks[number % 4].run(np.ones((1, 4), np.float32))
threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(60)
sys.exit(any(thread.is_alive() for thread in threads))
"""


def test_threads_that_all_come_first_do_not_wait_for_ever(
    doubling: NetworkBytes, tmp_path: Path
) -> None:
    """The binding sets itself up at first use, and locks up when two threads make it do so."""
    xml, weights = tmp_path / "n.xml", tmp_path / "n.bin"
    xml.write_bytes(doubling.xml)
    weights.write_bytes(doubling.weights)
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", RACE, str(xml), str(weights)], timeout=120)
        assert done.returncode == 0
