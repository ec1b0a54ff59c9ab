"""The gateway's short tasks."""

import asyncio
import contextlib
import inspect

import pytest

from gateway.scheduling.tasks import Tasks


async def test_task_started_before_run_waits_for_it() -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def work() -> None:
        done.set()

    tasks.spawn(work())
    running = asyncio.create_task(tasks.run())
    await asyncio.wait_for(done.wait(), 60)
    done.clear()
    tasks.spawn(work())
    await asyncio.wait_for(done.wait(), 60)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_task_that_fails_is_logged_and_ends_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def fail() -> None:
        raise KeyError("lost")

    async def work() -> None:
        done.set()

    running = asyncio.create_task(tasks.run())
    tasks.spawn(fail())
    tasks.spawn(work())
    await asyncio.wait_for(done.wait(), 60)
    assert not running.done()
    assert "lost" in caplog.text
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_nothing_starts_after_the_end() -> None:
    tasks, started = Tasks(), list[str]()

    async def work(name: str) -> None:
        started.append(name)

    tasks.spawn(work("early"))
    tasks.close()
    tasks.spawn(work("late"))
    assert started == []


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_task_that_is_cancelled_before_its_first_turn_leaves_nothing_unawaited() -> None:
    tasks = Tasks()

    async def work() -> None:
        raise AssertionError

    running = asyncio.create_task(tasks.run())
    await asyncio.sleep(0)
    coroutine = work()
    tasks.spawn(coroutine)
    await _end(running)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


async def test_task_that_ends_with_the_gateway_starts_no_other_one(caplog: pytest.LogCaptureFixture) -> None:
    tasks, began = Tasks(), asyncio.Event()

    async def work() -> None:
        raise AssertionError

    later = work()

    async def go_on() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            tasks.spawn(later)

    running = asyncio.create_task(tasks.run())
    tasks.spawn(go_on())
    await began.wait()
    await _end(running)
    assert inspect.getcoroutinestate(later) == inspect.CORO_CLOSED
    assert not caplog.records
