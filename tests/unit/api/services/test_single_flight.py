"""A cache whose misses are loaded once."""

import asyncio

import pytest

from api.services.single_flight import SingleFlight
from core.domain.errors import UnknownUser


class Source:
    """Loads on command."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def load(self, key: int) -> str:
        self.calls.append(key)
        number = len(self.calls)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return f"{key}.{number}"

    async def load_many(self, keys: list[int]) -> dict[int, str]:
        return {key: await self.load(key) for key in keys if key > 0}


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_concurrent_misses_load_once() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    tasks = [asyncio.create_task(cache.get(1)) for _ in range(5)]
    await settle()
    source.gate.set()
    assert await asyncio.gather(*tasks) == ["1.1"] * 5
    assert await cache.get(1) == "1.1"
    assert source.calls == [1]


async def test_drop_during_a_load_keeps_its_result_from_those_who_come_after() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    early = asyncio.create_task(cache.get(1))
    await settle()
    cache.drop(1)
    late = asyncio.create_task(cache.get(1))
    await settle()
    source.gate.set()
    assert (await early, await late) == ("1.1", "1.2")
    assert await cache.get(1) == "1.2"


async def test_error_reaches_everybody_and_is_not_kept() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    source.error = UnknownUser()
    tasks = [asyncio.create_task(cache.get(1)) for _ in range(2)]
    await settle()
    source.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [UnknownUser, UnknownUser]
    source.error = None
    assert await cache.get(1) == "1.2"


async def test_cancelled_loader_is_followed_by_the_next_caller() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    first = asyncio.create_task(cache.get(1))
    second = asyncio.create_task(cache.get(1))
    await settle()
    first.cancel()
    await settle()
    source.gate.set()
    assert await second == "1.2"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_cancelled_waiter_leaves_the_loader_alone() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    first = asyncio.create_task(cache.get(1))
    second = asyncio.create_task(cache.get(1))
    await settle()
    second.cancel()
    await settle()
    source.gate.set()
    assert await first == "1.1"
    assert second.cancelled()


async def test_waiter_that_is_cancelled_with_its_loader_does_not_load_instead() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    tasks = [asyncio.create_task(cache.get(1)) for _ in range(3)]
    await settle()
    for task in tasks:
        task.cancel()
    await settle()
    assert all(task.cancelled() for task in tasks)
    assert source.calls == [1]


async def test_least_recently_used_value_goes_first() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=2)
    await cache.get(1)
    await cache.get(2)
    await cache.get(1)
    await cache.get(3)
    assert cache.find_cached(2) is None
    assert cache.find_cached(1) == "1.1"


async def test_get_many_loads_the_missing_together_and_leaves_out_the_unknown() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    await cache.get(1)
    assert await cache.get_many([1, 2, -3, 2], source.load_many) == {1: "1.1", 2: "2.2"}
    assert source.calls == [1, 2]
    assert cache.find_cached(2) == "2.2"


async def test_get_many_shares_loads_with_get() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    single = asyncio.create_task(cache.get(1))
    await settle()
    many = asyncio.create_task(cache.get_many([1, 2], source.load_many))
    await settle()
    other = asyncio.create_task(cache.get(2))
    await settle()
    source.gate.set()
    assert await single == "1.1"
    assert await many == {1: "1.1", 2: "2.2"}
    assert await other == "2.2"
    assert source.calls == [1, 2]


async def test_get_many_that_fails_leaves_nothing_behind() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.error = RuntimeError("away")
    with pytest.raises(RuntimeError):
        await cache.get_many([1], source.load_many)
    source.error = None
    assert await cache.get(1) == "1.2"


async def test_get_many_drops_what_was_changed_meanwhile() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    source.gate.clear()
    many = asyncio.create_task(cache.get_many([1], source.load_many))
    await settle()
    cache.drop(1)
    source.gate.set()
    assert await many == {1: "1.1"}
    assert cache.find_cached(1) is None


async def test_value_that_was_used_outlives_one_that_was_not() -> None:
    cache = SingleFlight(Source().load, capacity=2)
    assert cache.find_cached(1) is None
    await cache.get(1)
    await cache.get(2)
    assert cache.find_cached(1) == "1.1"
    await cache.get(3)
    assert cache.find_cached(1) == "1.1"
    assert cache.find_cached(2) is None


async def test_renewal_loads_again_and_is_shared() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    assert await cache.get(1) == "1.1"
    source.gate.clear()
    renewals = [asyncio.create_task(cache.renew(1)) for _ in range(10)]
    await settle()
    source.gate.set()
    assert await asyncio.gather(*renewals) == ["1.2"] * 10
    assert await cache.get(1) == "1.2"


async def test_cached_value_is_there_until_its_renewal_has_come() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    await cache.get(1)
    source.gate.clear()
    renewal = asyncio.create_task(cache.renew(1))
    await settle()
    assert cache.find_cached(1) == await cache.get(1) == "1.1"
    source.gate.set()
    assert await renewal == cache.find_cached(1) == "1.2"


async def test_value_that_is_replaced_stays_and_a_load_in_flight_is_not_kept() -> None:
    source = Source()
    cache = SingleFlight(source.load, capacity=10)
    cache.replace(1, "unknown")
    assert cache.find_cached(1) is None
    await cache.get(1)
    source.gate.clear()
    renewal = asyncio.create_task(cache.renew(1))
    await settle()
    cache.replace(1, "newer")
    source.gate.set()
    assert await renewal == "1.2"
    assert await cache.get(1) == "newer"
