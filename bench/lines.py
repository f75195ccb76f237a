"""Work in another process, asked and answered in JSON, a line each.

Every contender runs in a process of its own, in the environment it needs, bound to the same
one core. The time is taken inside that process, around the work alone: the pipe costs nothing.
Needs nothing but the standard library, for it runs in the peers' environment too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "OPENCV_FOR_THREADS_NUM",
        "MENSHEN_WORKERS",
    ),
    "1",
)
Request = Mapping[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Request], Answer]


class WorkerError(Exception):
    """A contender could not be started, or could not do what it was asked."""


def core() -> int:
    """Return the core every contender is bound to: the last one this process may use."""
    chosen = os.environ.get("BENCH_CORE")
    return int(chosen) if chosen else max(os.sched_getaffinity(0))


def repeat(handler: Handler, request: Request, *, seconds: float) -> Answer:
    """Do the work once, then again until ``seconds`` have passed; all times in ms."""
    taken: list[float] = []
    answer: Answer = {}
    end = time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        start = time.perf_counter()
        answer = handler(request)
        taken.append(1e3 * (time.perf_counter() - start))
    return {"ms": taken, "answer": answer}


def serve(make: Callable[[], Handler]) -> None:
    """Bind to the core, make the handler, then answer every line of standard input."""
    os.sched_setaffinity(0, {core()})
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    handler: Handler | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            handler = handler or make()
            reply = repeat(handler, request, seconds=request.get("seconds", 0))
        except Exception as error:  # a peer may raise anything; the table says what
            reply = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(reply) + "\n")


class Worker:
    """A process that runs ``python -m MODULE SUBJECT`` and answers lines."""

    def __init__(
        self,
        python: str,
        module: str,
        subject: str,
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.subject = subject
        self._log = log.open("ab") if log else None
        self._process = subprocess.Popen(
            [python, "-m", module, subject],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, "BENCH_CORE": str(core()), **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log or subprocess.DEVNULL,
            text=True,
        )

    def ask(self, request: Request, *, seconds: float = 0) -> tuple[list[float], Answer]:
        """Have the work done; returns the times in ms and the last answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerError("the process has no pipes")
        try:
            stdin.write(json.dumps({**request, "seconds": seconds}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(f"the process ended with {self._process.wait()}")
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply["ms"], reply["answer"]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        if self._log:
            self._log.close()
