"""A whole process from start to decision, and a server from start to first answer.

    python -m bench.memory [--quick]

Peak memory, wall time and CPU time of ``menshen verify A B`` beside the peers' equivalents, on
one core, files in the disk cache. This process itself stays small, for a child is charged
with its parent's memory until it has started.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.contenders import post_compare, running_server
from bench.journal import bar, record
from bench.lines import ONE_THREAD, ROOT, core
from bench.timing import summary

PEERS = os.environ.get("PEERS_PYTHON", ".venv-bench/bin/python")
MENSHEN = str(Path(sys.executable).with_name("menshen"))
BAR_SECONDS = 3.0
PICTURES = ("webcam", "telephone")


def processes(a: str, b: str) -> dict[str, list[str]]:
    """Return the command lines, by title."""

    def peer(who: str) -> list[str]:
        return [PEERS, "-m", "bench.contenders", who, a, b]

    return {
        "python, nothing else": [sys.executable, "-c", "pass"],
        **{
            f"menshen verify --pack {pack}": [MENSHEN, "verify", a, b, "--pack", pack, "--json"]
            for pack in ("basic", "standard", "openmodelzoo")
        },
        "face_recognition": peer("face_recognition:1"),
        "face_recognition, no upsampling": peer("face_recognition:0"),
        "DeepFace, opencv": peer("deepface:opencv"),
        "DeepFace, mediapipe": peer("deepface:mediapipe"),
    }


def run(command: Sequence[str]) -> dict[str, float]:
    """Run one process to its end; returns wall and CPU seconds and peak memory in MB.

    Raises RuntimeError when it fails; 1 is no failure: it may mean that the two differ.
    """
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr  # noqa: S101 - a pipe, made above
    words = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or "Traceback" in words:
        raise RuntimeError((words.strip().splitlines() or [f"status {child.returncode}"])[-1][:300])
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall_s": wall, "cpu_s": cpu, "peak_mb": usage.ru_maxrss * 1024 / 1e6}


def whole_processes(pictures: Path, repetitions: int) -> dict[str, Any]:
    """Return the figures of every command, taking turns; the first round is not counted."""
    found: dict[str, Any] = {}
    for name in PICTURES:
        commands = processes(*(str(pictures / f"{name}-{which}.jpg") for which in "ab"))
        rounds = repetitions if name == "webcam" else 1
        runs: dict[str, list[dict[str, float]]] = {title: [] for title in commands}
        for number in range(rounds + 1):
            for title, command in commands.items():
                if name == "telephone" and not number:
                    continue
                try:
                    runs[title].append(run(command))
                except (OSError, RuntimeError) as error:
                    found.setdefault(title, {})[name] = {"error": str(error)}
        for title, each in runs.items():
            counted = each[1:] if len(each) > 1 else each
            if counted:
                figures = {key: summary([r[key] for r in counted]) for key in counted[0]}
                found.setdefault(title, {})[name] = figures
    return found


def server_start(pictures: Path, pack: str, repetitions: int) -> dict[str, Any]:
    """Return seconds from starting ``menshen serve`` to ready, and to the first decision."""
    ready, first = [], []
    for _ in range(repetitions):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as data, running_server(pack, Path(data)) as (port, key):
            ready.append(time.perf_counter() - start)
            post_compare(port, key, pictures / "webcam-a.jpg", pictures / "webcam-b.jpg")
            first.append(time.perf_counter() - start)
    return {"ready_s": summary(ready), "first_decision_s": summary(first)}


def servers(pictures: Path, repetitions: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pack in ("basic", "standard"):
        try:
            found[pack] = server_start(pictures, pack, repetitions)
        except RuntimeError as error:
            found[pack] = {"error": str(error)}
    return found


def bars(server: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for pack, figures in server.items():
        seconds = figures.get("first_decision_s", {}).get("median")
        text = f"menshen serve, pack {pack}: first decision within 3 s of its start"
        found.append(bar(text, seconds, "s", reached=bool(seconds and seconds <= BAR_SECONDS)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it out")
    quick = parser.parse_args().quick
    repetitions = 1 if quick else 5
    os.environ.update(ONE_THREAD)
    os.sched_setaffinity(0, {core()})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        pictures = Path(folder)
        command = [sys.executable, "-m", "bench.pictures", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        found = whole_processes(pictures, repetitions)
        server = servers(pictures, repetitions)
    figures = {"quick": quick, "processes": found, "server": server, "bars": bars(server)}
    file = record("memory", figures)
    show(found, server)
    print(f"written: {file.relative_to(ROOT)}")


def show(found: dict[str, Any], server: dict[str, Any]) -> None:
    for title, by_picture in found.items():
        for name, figures in by_picture.items():
            words = figures.get("error") or ", ".join(
                f"{key} {value['median']:.2f}" for key, value in figures.items()
            )
            print(f"{title:<36} {name:<10} {words}")
    for pack, figures in server.items():
        words = figures.get("error") or {key: value["median"] for key, value in figures.items()}
        print(f"menshen serve, {pack}: {words}")


if __name__ == "__main__":
    main()
