from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from menshen.cli.extraction import MISSING, UNREADABLE, Extraction, cores, extract, extract_apart
from menshen.errors import NoFaceError, PictureFormatError
from menshen.faces.engine import Engine
from menshen.faces.records import Template

CONTRACT = "c" * 64


@dataclasses.dataclass
class Sampled:
    template: Template


class BytesEngine:
    """Makes templates of any bytes: extraction does not care what a face looks like."""

    contract = CONTRACT

    def __init__(self, *, pause: float = 0.0) -> None:
        self.pause = pause
        self.calls = 0
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def sample(self, data: bytes, *, largest: bool) -> Sampled:
        with self._lock:
            self.calls += 1
            self.threads.add(threading.get_ident())
        time.sleep(self.pause)
        if data.startswith(b"empty"):
            raise NoFaceError("nobody there")
        if data.startswith(b"broken"):
            raise PictureFormatError("no picture")
        seed = int.from_bytes(data[:8].ljust(8), "little")
        features = np.random.default_rng(seed).standard_normal(16).astype(np.float32)
        return Sampled(Template(CONTRACT, (features,)))


def pictures(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{i}.jpg" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(f"{i:08d}".encode())
    return paths


def same(one: Extraction, other: Extraction) -> bool:
    return one.templates.keys() == other.templates.keys() and all(
        (one.templates[path].features[0] == other.templates[path].features[0]).all()
        for path in one.templates
    )


def test_every_picture_once_whatever_its_order(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 40)
    engine, done = BytesEngine(), []
    result = extract(
        engine, paths * 3, folder=tmp_path / "w", jobs=4, advance=lambda: done.append(1)
    )
    assert set(result.templates) == set(paths)
    assert engine.calls == len(done) == 40
    assert (result.failures, result.resumed) == ({}, 0)


def test_all_threads_work(tmp_path: Path) -> None:
    engine = BytesEngine(pause=0.01)
    extract(engine, pictures(tmp_path / "in", 30), folder=tmp_path / "w", jobs=3)
    assert len(engine.threads) == 3


def test_failures_are_kept_apart_and_counted(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 4)
    paths[0].write_bytes(b"empty")
    paths[1].write_bytes(b"broken")
    folder, absent = tmp_path / "in", tmp_path / "in" / "absent.jpg"
    result = extract(BytesEngine(), [*paths, folder, absent], folder=tmp_path / "w")
    codes = {path: failure.code for path, failure in result.failures.items()}
    assert codes == {
        paths[0]: "face-not-found",
        paths[1]: "picture-format-unsupported",
        folder: UNREADABLE,
        absent: MISSING,
    }
    assert result.missing == 2
    assert result.failure_to_acquire_rate == 0.5


def test_nothing_read_is_no_rate(tmp_path: Path) -> None:
    assert extract(BytesEngine(), [], folder=tmp_path).failure_to_acquire_rate == 0


def test_a_second_run_resumes_failures_included(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 10)
    paths[3].write_bytes(b"empty")
    first = extract(BytesEngine(), paths, folder=tmp_path / "w")
    engine = BytesEngine()
    second = extract(engine, paths, folder=tmp_path / "w")
    assert (engine.calls, second.resumed) == (0, 10)
    assert same(first, second)
    assert first.failures == second.failures


def test_changed_pictures_are_done_again(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 10)
    extract(BytesEngine(), paths, folder=tmp_path / "w")
    paths[0].write_bytes(b"another one")
    engine = BytesEngine()
    assert extract(engine, paths, folder=tmp_path / "w").resumed == 9
    assert engine.calls == 1


def test_corrupt_entries_are_done_again(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 10)
    first = extract(BytesEngine(), paths, folder=tmp_path / "w")
    entries = sorted((tmp_path / "w").rglob("*.template"))
    entries[0].write_bytes(b"")
    entries[1].write_bytes(entries[1].read_bytes()[:-3])
    entries[2].write_bytes(entries[2].read_bytes().replace(b"picture", b"PICTURE"))
    engine = BytesEngine()
    second = extract(engine, paths, folder=tmp_path / "w")
    assert (engine.calls, second.resumed) == (3, 7)
    assert same(first, second)


def test_an_unforeseen_error_is_not_swallowed(tmp_path: Path) -> None:
    class Faulty(BytesEngine):
        def sample(self, data: bytes, *, largest: bool) -> Sampled:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        extract(Faulty(), pictures(tmp_path / "in", 50), folder=tmp_path / "w", jobs=2)


def test_processes_give_the_same_as_threads(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 12)
    paths[5].write_bytes(b"empty")
    done: list[int] = []
    apart = extract_apart(
        BytesEngine,
        [*paths, tmp_path / "absent.jpg"],
        contract=CONTRACT,
        folder=tmp_path / "w",
        jobs=2,
        advance=lambda: done.append(1),
    )
    assert len(done) == 13
    assert {failure.code for failure in apart.failures.values()} == {"face-not-found", MISSING}
    engine = BytesEngine()
    again = extract(engine, paths, folder=tmp_path / "w")
    assert (engine.calls, again.resumed) == (0, 12)
    assert same(apart, again)


CHILD = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_extraction import CONTRACT, BytesEngine
from menshen.cli.extraction import extract, extract_apart
if __name__ == "__main__":
    paths, work = sorted(Path({pictures!r}).iterdir()), Path({work!r})
    if {apart!r}:
        opener = partial(BytesEngine, pause=0.02)
        extract_apart(opener, paths, contract=CONTRACT, folder=work, jobs=2)
    else:
        extract(BytesEngine(pause=0.02), paths, folder=work, jobs=2)
"""


def children_of(process: int) -> set[int]:
    """Return the processes started by one, and by those (Linux; elsewhere none are seen)."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == process:
                found |= {int(folder.name)} | children_of(int(folder.name))
    return found


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("apart", [False, True])
def test_killed_half_way_it_goes_on(tmp_path: Path, apart: bool) -> None:
    paths, work = pictures(tmp_path / "in", 300), tmp_path / "w"
    script = tmp_path / "child.py"
    script.write_text(
        CHILD.format(
            tests=str(Path(__file__).parent),
            pictures=str(tmp_path / "in"),
            work=str(work),
            apart=apart,
        )
    )
    child = subprocess.Popen([sys.executable, str(script)])
    deadline = time.monotonic() + 90
    while len(list(work.rglob("*.template"))) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = children_of(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))
    engine = BytesEngine()
    result = extract(engine, paths, folder=work)
    assert set(result.templates) == set(paths)
    assert 20 <= result.resumed < 300
    assert engine.calls == 300 - result.resumed
    assert same(result, extract(BytesEngine(), paths, folder=tmp_path / "fresh"))


def test_this_process_has_a_core() -> None:
    assert cores() >= 1


@pytest.mark.models
def test_with_the_real_engine_no_picture_is_kept(engine: Engine, tmp_path: Path) -> None:
    import cv2
    from skimage import data

    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    assert ok
    person, cat = tmp_path / "person.jpg", tmp_path / "cat.jpg"
    person.write_bytes(encoded.tobytes())
    cat.write_bytes(cv2.imencode(".jpg", data.chelsea())[1].tobytes())
    result = extract(engine, [person, cat], folder=tmp_path / "w", jobs=2)
    assert result.templates[person].contract == engine.contract
    assert result.failures[cat].code == "face-not-found"
    for file in (tmp_path / "w").rglob("*.template"):
        content = file.read_bytes()
        assert not any(mark in content for mark in (b"\xff\xd8\xff", b"\x89PNG", b"WEBP"))
