"""Names the machine, measures what its core can do at best, and how near the network comes.

    python -m bench.machine [--quick]

The peak is the best of two matrix products in single precision, numpy's (OpenBLAS) and
OpenVINO's, on one thread. Both sides are taken at their fastest repetition, which a neighbour
on the same hardware disturbs least; the medians are recorded beside it. The dlib face ResNet
needs 270.8 million multiply-adds a picture; its rate over that peak is what the runtime makes
of the core.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.lines import ONE_THREAD, ROOT, core

os.environ.update(ONE_THREAD)

import numpy as np
from bench.journal import bar, cpu_model, record
from bench.lines import repeat
from bench.networks import handler
from bench.timing import Budget, Turn, flat, interleave, summary

MULTIPLY_ADDS = 270.8e6
SIZES = (512, 1024, 2048)
BATCHES = (1, 2, 4)
TURN_SECONDS = 0.1
FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
    "asimd",
    "asimddp",
    "bf16",
    "i8mm",
    "sve",
)
PACKAGES = (
    "openvino",
    "numpy",
    "opencv-python-headless",
    "simplejpeg",
    "pillow",
    "onnx",
    "fastapi",
    "uvicorn",
    "faiss-cpu",
)
BAR = 60.0


def describe() -> dict[str, Any]:
    """Say what the machine is; nothing that tells whose it is."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    flags = set(re.findall(r"\w+", _line(cpuinfo, "flags") or _line(cpuinfo, "Features")))
    return {
        "cpu": cpu_model(),
        "flags": [flag for flag in FLAGS if flag in flags],
        "virtual": "hypervisor" in flags,
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 2**20, 1) if memory else None,
        "caches": caches(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def caches() -> dict[str, str]:
    """Return the sizes of the caches the core sees."""
    home = Path(f"/sys/devices/system/cpu/cpu{core()}/cache")
    found = {}
    for index in sorted(home.glob("index*")):
        level, kind, size = ((index / n).read_text().strip() for n in ("level", "type", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def products() -> dict[str, Turn]:
    """Return turns that multiply square matrices, by library and size."""
    turns: dict[str, Turn] = {}
    for size in SIZES:
        a, b = np.random.default_rng(0).random((2, size, size), np.float32)
        times = {"numpy": lambda a=a, b=b: a @ b, "OpenVINO": openvino_product(a, b)}
        for library, run in times.items():
            turns[f"{library}, {size}"] = _turn(run)
    return turns


def openvino_product(a: Any, b: Any) -> Any:
    import openvino
    from openvino import opset13 as ops

    left = ops.parameter(a.shape, np.float32)
    model = openvino.Model([ops.matmul(left, ops.constant(b), False, False)], [left])
    options = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    infer = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    return lambda: infer.infer([a], share_inputs=True)


def networks(folder: Path) -> dict[str, Turn]:
    """Return turns that run the dlib ResNet of the installed pack, by batch."""
    from menshen.platform.packs.store import PackStore
    from menshen.platform.settings import Settings

    network = PackStore(Settings().packs_dir).load("basic").read("dlib-resnet")
    (folder / "dlib-resnet.xml").write_bytes(network.xml)
    (folder / "dlib-resnet.bin").write_bytes(network.weights)
    run = handler("openvino")
    model = {"model": str(folder / "dlib-resnet.xml"), "batched": True, "precision": "f32"}
    return {
        f"dlib ResNet, batch {batch}": _turn(
            lambda r={**model, "shape": [batch, 3, 150, 150]}: run(r)
        )
        for batch in BATCHES
    }


def _turn(run: Any) -> Turn:
    run()
    return lambda: repeat(lambda _: {"done": run()}, {}, seconds=TURN_SECONDS)["ms"]


def rates(taken: dict[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    """Return GFLOP/s, of the fastest repetition and of the median."""
    found = {}
    for name, times in taken.items():
        figures = summary(flat(times))
        work = flops(name)
        found[name] = {
            "best": round(work / figures["least"] / 1e6, 1),
            "median": round(work / figures["median"] / 1e6, 1),
        }
    return found


def flops(name: str) -> float:
    """Return the floating-point operations of what the name says."""
    size = int(name.rsplit(maxsplit=1)[1])
    return 2 * MULTIPLY_ADDS * size if name.startswith("dlib") else 2.0 * size**3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it out")
    quick = parser.parse_args().quick
    machine = describe()
    os.sched_setaffinity(0, {core()})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        turns = {**products(), **networks(Path(folder))}
        found = rates(interleave(turns, Budget(4 if quick else 25, 10)))
    peak = {
        kind: max(r[kind] for n, r in found.items() if not n.startswith("dlib"))
        for kind in ("best", "median")
    }
    share = {
        name: round(100 * rate["best"] / peak["best"], 1)
        for name, rate in found.items()
        if name.startswith("dlib")
    }
    least = min(share.values())
    text = "embedding at 60 % or more of the measured peak of matrix products"
    figures_bar = bar(text, least, "%", reached=least >= BAR)
    figures = {
        "quick": quick,
        "machine": machine,
        "gflops": found,
        "peak_gflops": peak,
        "share_of_peak": share,
    }
    file = record("machine", {**figures, "bars": [figures_bar]})
    show(figures)
    print(f"written: {file.relative_to(ROOT)}", file=sys.stderr)


def show(figures: dict[str, Any]) -> None:
    print(figures["machine"])
    for name, rate in figures["gflops"].items():
        share = figures["share_of_peak"].get(name)
        words = f", {share} % of the peak" if share else ""
        print(f"{name:<24} {rate['median']:7.1f} GFLOP/s (best {rate['best']:.1f}){words}")


if __name__ == "__main__":
    main()
