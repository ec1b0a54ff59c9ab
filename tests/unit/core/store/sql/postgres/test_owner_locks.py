"""The queues of owners before PostgreSQL's locks."""

import asyncio

import pytest

from core.domain.errors import Invalid
from core.store.sql.postgres.owner_locks import OwnerQueues, write_lock_statements


async def test_units_of_an_owner_run_in_the_order_of_their_calls() -> None:
    queues = OwnerQueues()
    order: list[int] = []

    async def run(number: int) -> None:
        async with queues.hold([1, 2 + number % 3]):
            order.append(number)
            await asyncio.sleep(0)
            assert order[-1] == number

    await asyncio.gather(*map(run, range(20)))
    assert order == list(range(20))


async def test_units_of_other_owners_do_not_wait() -> None:
    queues = OwnerQueues()
    async with queues.hold([1]), queues.hold([2]), queues.hold([]):
        pass


async def test_owner_that_is_named_twice_is_waited_for_once() -> None:
    queues = OwnerQueues()
    async with asyncio.timeout(60), queues.hold([1, 2, 1]):
        pass
    assert not queues._queues


async def test_cancelled_unit_leaves_its_place_to_the_next() -> None:
    queues = OwnerQueues()

    async def run(owners: list[int]) -> None:
        async with queues.hold(owners):
            pass

    async with queues.hold([1]):
        waiting = [asyncio.ensure_future(run([0, 1])), asyncio.ensure_future(run([0, 1]))]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
    await waiting[1]
    assert not queues._queues, "no queue outlives its units"


def test_owners_are_locked_in_their_order() -> None:
    assert write_lock_statements([7, 3]) == "SELECT pg_advisory_xact_lock(7);SELECT pg_advisory_xact_lock(3)"
    assert write_lock_statements([]) == ""


@pytest.mark.parametrize("owner", [-1, 1 << 63])
def test_owner_beyond_64_bits_is_refused(owner: int) -> None:
    with pytest.raises(Invalid):
        write_lock_statements([owner])
