from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.lines import ONE_THREAD, ROOT, Worker, WorkerError, repeat

CONTENDER = """
import os, sys
from bench.lines import serve

def make():
    if sys.argv[1] == "broken":
        raise RuntimeError("no model")
    print("a library's chatter")
    def work(request):
        if request.get("fail"):
            raise ValueError("no face")
        if request.get("leave"):
            os._exit(3)
        print("more chatter")
        return {"sum": sum(request["numbers"]), "threads": os.environ["OMP_NUM_THREADS"],
                "cores": len(os.sched_getaffinity(0))}
    return work

serve(make)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "contender_for_test.py").write_text(CONTENDER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    return "contender_for_test"


@pytest.fixture
def worker(module: str) -> Iterator[Worker]:
    made = Worker(sys.executable, module, "sound")
    yield made
    made.close()


def test_a_worker_answers_on_one_core_and_one_thread_in_spite_of_chatter(worker: Worker) -> None:
    times, answer = worker.ask({"numbers": [1, 2, 3]})
    assert answer == {"sum": 6, "threads": "1", "cores": 1}
    assert len(times) == 1
    assert times[0] >= 0


def test_a_turn_repeats_until_its_time_is_up(worker: Worker) -> None:
    times, _ = worker.ask({"numbers": [1]}, seconds=0.02)
    assert len(times) > 1
    assert sum(times) <= 1e3


def test_an_error_is_told_and_the_worker_goes_on(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="ValueError: no face"):
        worker.ask({"fail": True})
    assert worker.ask({"numbers": [4]})[1]["sum"] == 4


def test_a_process_that_ends_is_told(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="ended with 3"):
        worker.ask({"leave": True})


def test_a_contender_that_cannot_be_made_is_told(module: str) -> None:
    worker = Worker(sys.executable, module, "broken")
    with pytest.raises(WorkerError, match="no model"):
        worker.ask({"numbers": []})
    worker.close()


def test_a_module_that_does_not_exist_is_told(tmp_path: Path) -> None:
    worker = Worker(sys.executable, "there_is_no_such_module", "x", log=tmp_path / "log")
    with pytest.raises(WorkerError):
        worker.ask({})
    worker.close()
    assert "there_is_no_such_module" in (tmp_path / "log").read_text()


def test_repeat_does_the_work_at_least_once() -> None:
    assert len(repeat(lambda _: {}, {}, seconds=0)["ms"]) == 1
    start = time.perf_counter()
    reply = repeat(lambda r: {"x": r["x"]}, {"x": 5}, seconds=0.01)
    assert time.perf_counter() - start >= 0.01
    assert reply["answer"] == {"x": 5}


def test_every_library_is_told_to_use_one_thread() -> None:
    assert set(ONE_THREAD.values()) == {"1"}
    assert "OMP_NUM_THREADS" in ONE_THREAD
