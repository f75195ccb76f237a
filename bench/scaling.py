"""Templates a second with one thread and with one for each core: python -m bench.scaling.

``streams`` is what the engine was told (``threads=``): how many may run a network at the same
time. Python holds its lock only between networks and OpenCV's calls.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

from bench.lines import ONE_THREAD

os.environ.update(ONE_THREAD)

from bench.journal import record
from bench.pictures import pairs

from menshen.faces.engine import Engine
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings

PACK = "basic"


def rate(engine: Engine, data: bytes, *, threads: int, seconds: float) -> float:
    """Return templates a second of so many threads sharing one engine."""
    engine.sample(data)
    counts = [0] * threads
    begin = threading.Barrier(threads + 1)
    end = float("inf")

    def work(number: int) -> None:
        begin.wait()
        while time.perf_counter() < end:
            engine.sample(data)
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    begin.wait()
    start = time.perf_counter()
    end = start + seconds
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions, to try it out")
    quick = parser.parse_args().quick
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = pairs(Path(folder))["webcam"].a.read_bytes()
    pack = PackStore(Settings().packs_dir).load(PACK)
    engines = {streams: Engine(pack, threads=streams) for streams in sorted({1, cores})}
    jobs = [(streams, threads) for streams in engines for threads in sorted({1, cores})]
    taken: dict[tuple[int, int], list[float]] = {job: [] for job in jobs}
    for _ in range(1 if quick else 5):
        for streams, threads in jobs:
            found = rate(engines[streams], data, threads=threads, seconds=0.5 if quick else 2)
            taken[streams, threads].append(found)
    rows = [
        {"streams": s, "threads": t, "templates_per_second": round(statistics.median(each), 1)}
        for (s, t), each in taken.items()
    ]
    for row in rows:
        print(row)
    record("scaling", {"quick": quick, "pack": PACK, "cores": cores, "rows": rows})


if __name__ == "__main__":
    main()
