"""The numbers that rise, and those who wait."""

import asyncio

from core.bus.barrier import Level


async def test_waiters_are_woken_by_the_number_that_they_wait_for() -> None:
    level = Level()
    waiting = [asyncio.create_task(level.wait(value, 5)) for value in (3, 1, 2)]
    await asyncio.sleep(0)
    level.rise(2)
    await asyncio.wait(waiting[1:])
    assert not waiting[0].done()
    level.rise(1)
    assert level.value == 2
    level.rise(9)
    assert await waiting[0]


async def test_what_is_reached_is_not_waited_for() -> None:
    level = Level()
    level.rise(5)
    assert await level.wait(5, 0)
    assert not await level.wait(6, 0)


async def test_cancelled_waiter_keeps_nobody_waiting() -> None:
    level = Level()
    first, second = (asyncio.create_task(level.wait(1, 5)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    level.rise(1)
    assert await second


async def test_number_may_be_set_back() -> None:
    level = Level()
    level.rise(5)
    level.reset(3)
    assert level.value == 3
    level.reset(4)
    assert level.value == 4
