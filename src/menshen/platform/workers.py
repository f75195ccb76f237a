"""Computing without blocking the server: few threads, a short queue, and an honest "busy".

Not ``anyio.to_thread``: its limiter forgets a thread whose request timed out, while the thread
still computes. Here a place in the queue is given back only when the work has really ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from menshen.platform.problems import OverloadedError, WorkTooSlowError

Result = TypeVar("Result")
RETRY_AFTER_SECONDS = 2


class Workers:
    """``threads`` computing at once, at most ``queue`` waiting, ``seconds`` for each."""

    def __init__(self, *, threads: int, queue: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="menshen-work")
        self._places = threading.Semaphore(threads + queue)
        self._seconds = seconds
        self._busy = 0
        self._lock = threading.Lock()

    @property
    def busy(self) -> int:
        """How much work is being done or waits, timed-out work included."""
        return self._busy

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns; raises OverloadedError, WorkTooSlowError, or its error."""
        future = self._submit(work)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError as error:
            if future.done() and not future.cancelled():
                raise
            raise WorkTooSlowError(headers=_retry()) from error

    def close(self) -> None:
        """Drop what waits and let what runs end on its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Callable[[], Result]) -> Future[Result]:
        if not self._places.acquire(blocking=False):
            raise OverloadedError(headers=_retry())
        self._count(+1)
        future = self._pool.submit(work)
        future.add_done_callback(self._release)
        return future

    def _release(self, _: Future[Result]) -> None:
        self._count(-1)
        self._places.release()

    def _count(self, step: int) -> None:
        with self._lock:
            self._busy += step


def _retry() -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_SECONDS)}
