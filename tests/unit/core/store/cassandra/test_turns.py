"""Turns: one after another in a partition, at once in two, and nobody waits for ever."""

import asyncio

import pytest

from core.store.cassandra import turns as turns_module
from core.store.cassandra.turns import Turns


async def test_writes_of_a_partition_go_one_after_another() -> None:
    turns = Turns()
    inside: list[int] = []
    order: list[int] = []

    async def write(number: int) -> None:
        async with turns.taken((1, 1)):
            inside.append(number)
            assert len(inside) == 1
            await asyncio.sleep(0)
            inside.remove(number)
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(10)))
    assert order == list(range(10))
    assert turns._locks == turns._users == {}


async def test_writes_of_two_partitions_do_not_wait_for_each_other() -> None:
    turns = Turns()
    async with turns.taken((1, 1)), turns.taken((1, 2)), turns.taken((2, 1)):
        assert len(turns._locks) == 3


async def test_whoever_has_waited_for_long_goes_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "_PATIENCE_S", 0)
    turns = Turns()
    async with turns.taken((1, 1)), turns.taken((1, 1)):
        pass
    assert turns._locks == turns._users == {}


async def test_error_and_cancellation_give_the_turn_back() -> None:
    turns = Turns()

    async def fail() -> None:
        async with turns.taken((1, 1)):
            raise ZeroDivisionError

    async def wait() -> None:
        async with turns.taken((1, 1)):
            pass

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with turns.taken((1, 1)):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await wait()
    assert turns._locks == turns._users == {}
