from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable

import pytest

from menshen.platform.problems import OverloadedError, WorkTooSlowError
from menshen.platform.workers import Workers


def run(work: Awaitable[None]) -> None:
    async def main() -> None:
        await work

    asyncio.run(main())


def test_work_returns_its_result() -> None:
    async def main() -> None:
        workers = Workers(threads=1, queue=0, seconds=10)
        assert await workers.run(lambda: 6 * 7) == 42
        workers.close()

    run(main())


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("own"), KeyError("x")])
def test_an_error_of_the_work_is_passed_on(error: Exception) -> None:
    def fail() -> None:
        raise error

    async def main() -> None:
        workers = Workers(threads=1, queue=0, seconds=10)
        with pytest.raises(type(error)):
            await workers.run(fail)
        assert await workers.run(lambda: 1) == 1
        workers.close()

    run(main())


def test_the_event_loop_goes_on_meanwhile() -> None:
    async def main() -> None:
        workers = Workers(threads=1, queue=0, seconds=10)
        gate = threading.Event()
        task = asyncio.ensure_future(workers.run(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        gate.set()
        assert await task
        workers.close()

    run(main())


def test_more_than_the_queue_holds_is_refused() -> None:
    async def main() -> None:
        workers = Workers(threads=1, queue=2, seconds=10)
        gate = threading.Event()
        tasks = [asyncio.ensure_future(workers.run(lambda: gate.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        assert workers.busy == 3
        with pytest.raises(OverloadedError) as refused:
            await workers.run(lambda: None)
        assert refused.value.headers["Retry-After"]
        gate.set()
        assert await asyncio.gather(*tasks) == [True, True, True]
        await until(lambda: workers.busy == 0)
        assert await workers.run(lambda: "again") == "again"
        workers.close()

    run(main())


def test_abandoned_work_keeps_its_place_until_it_ends() -> None:
    async def main() -> None:
        workers = Workers(threads=1, queue=0, seconds=0.05)
        gate = threading.Event()
        with pytest.raises(WorkTooSlowError) as refused:
            await workers.run(lambda: gate.wait(10))
        assert refused.value.headers["Retry-After"]
        assert workers.busy == 1
        with pytest.raises(OverloadedError):
            await workers.run(lambda: None)
        gate.set()
        await until(lambda: workers.busy == 0)
        assert await workers.run(lambda: 1) == 1
        workers.close()

    run(main())


def test_waiting_work_whose_time_is_over_is_never_begun() -> None:
    async def main() -> None:
        workers = Workers(threads=1, queue=1, seconds=0.1)
        gate, begun = threading.Event(), threading.Event()
        first = asyncio.ensure_future(workers.run(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        with pytest.raises(WorkTooSlowError):
            await workers.run(begun.set)
        with pytest.raises(WorkTooSlowError):
            await first
        gate.set()
        await until(lambda: workers.busy == 0)
        assert not begun.is_set()
        workers.close()

    run(main())


async def until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
