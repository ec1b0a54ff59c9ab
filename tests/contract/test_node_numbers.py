"""Node numbers: leased to one holder at a time, with floors that outlive it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.domain.errors import Unavailable
from core.store.aggregates.node_numbers import NODE_NUMBERS, NodeNumbers
from core.store.sql.aggregates.node_numbers import SqlNodeNumbers
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.tables.cluster import node_numbers
from core.wire.envelope import Envelope
from tests.contract.backends import StoreBackend
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.memory_node_numbers import MemoryNodeNumbers

LATER_MS = START_MS + 600_000


@pytest.fixture(params=["memory", "database"])
def numbers(request: pytest.FixtureRequest, clock: FakeClock, backend: StoreBackend) -> NodeNumbers:
    """The numbers of a new database."""
    return MemoryNodeNumbers(clock) if request.param == "memory" else backend.node_numbers


@pytest.fixture
def use_up(numbers: NodeNumbers) -> Callable[..., Awaitable[None]]:
    """A function that leases numbers until that many are left; in a database by one statement, which is quick."""

    async def lease_all(*, left: int, floor_ms: int = LATER_MS) -> None:
        if isinstance(numbers, SqlNodeNumbers):
            await numbers._run(partial(_take_free, NODE_NUMBERS - left, floor_ms))
            return
        for place in range(NODE_NUMBERS - left):
            await numbers.lease(f"other{place}", floor_ms=floor_ms)

    return lease_all


async def _take_free(count: int, floor_ms: int, db: Executor) -> tuple[None, Sequence[Envelope]]:
    """Give numbers to another holder, in the order in which they are leased."""
    table = node_numbers.c
    free = select(table.number).order_by(table.floor_ms, table.number).limit(count)
    taken = update(node_numbers).where(table.number.in_(free)).values(holder="other", floor_ms=floor_ms)
    assert await db.execute(taken) == count
    return None, ()


async def test_processes_that_start_at_once_get_different_numbers(numbers: NodeNumbers) -> None:
    leases = await asyncio.gather(*(numbers.lease(f"p{place}", floor_ms=LATER_MS) for place in range(50)))
    assert len({leased.number for leased in leases}) == 50
    assert all(0 <= leased.number < NODE_NUMBERS for leased in leases)
    assert {(leased.after_ms, leased.floor_ms) for leased in leases} == {(0, LATER_MS)}
    assert [leased.holder for leased in leases] == [f"p{place}" for place in range(50)]


async def test_number_is_leased_again_when_its_floor_has_passed(
    numbers: NodeNumbers, clock: FakeClock, use_up: Callable[..., Awaitable[None]]
) -> None:
    first = await numbers.lease("first", floor_ms=START_MS + 5_000)
    await use_up(left=1)
    with pytest.raises(Unavailable) as raised:
        await numbers.lease("second", floor_ms=LATER_MS)
    assert raised.value.retry_after_s == 5.0
    clock.advance(5)
    second = await numbers.lease("second", floor_ms=LATER_MS)
    assert (second.number, second.after_ms) == (first.number, START_MS + 5_000)


async def test_clock_that_steps_back_frees_no_number(
    numbers: NodeNumbers, clock: FakeClock, use_up: Callable[..., Awaitable[None]]
) -> None:
    await use_up(left=0, floor_ms=START_MS - 1)
    clock.step_back(60)
    with pytest.raises(Unavailable) as raised:
        await numbers.lease("late", floor_ms=START_MS)
    assert raised.value.retry_after_s == pytest.approx(60, abs=0.1)


async def test_floor_never_falls_below_that_of_earlier_holders(
    numbers: NodeNumbers, use_up: Callable[..., Awaitable[None]]
) -> None:
    await use_up(left=0, floor_ms=START_MS)
    leased = await numbers.lease("next", floor_ms=START_MS - 100)
    assert (leased.after_ms, leased.floor_ms) == (START_MS, START_MS)


async def test_released_number_has_the_last_id_as_its_floor(
    numbers: NodeNumbers, use_up: Callable[..., Awaitable[None]]
) -> None:
    first = await numbers.lease("first", floor_ms=LATER_MS)
    await numbers.release(first.number, "first", last_ms=START_MS - 7)
    await use_up(left=1)
    second = await numbers.lease("second", floor_ms=LATER_MS)
    assert (second.number, second.after_ms) == (first.number, START_MS - 7)


async def test_renewal_moves_the_floor(
    numbers: NodeNumbers, clock: FakeClock, use_up: Callable[..., Awaitable[None]]
) -> None:
    leased = await numbers.lease("first", floor_ms=START_MS + 1)
    assert await numbers.renew(leased.number, "first", floor_ms=LATER_MS)
    await use_up(left=1)
    clock.advance(1)
    with pytest.raises(Unavailable):
        await numbers.lease("second", floor_ms=LATER_MS)


async def test_holder_who_has_lost_the_number_neither_renews_nor_releases_it(
    numbers: NodeNumbers, clock: FakeClock, use_up: Callable[..., Awaitable[None]]
) -> None:
    first = await numbers.lease("first", floor_ms=START_MS + 1_000)
    await use_up(left=1)
    clock.advance(2)
    second = await numbers.lease("second", floor_ms=LATER_MS)
    assert second.number == first.number
    assert not await numbers.renew(first.number, "first", floor_ms=LATER_MS + 1)
    await numbers.release(first.number, "first", last_ms=0)
    with pytest.raises(Unavailable):
        await numbers.lease("third", floor_ms=LATER_MS)
    assert await numbers.renew(second.number, "second", floor_ms=LATER_MS)


async def test_leases_outlive_the_store(backend: StoreBackend) -> None:
    first = await backend.node_numbers.lease("first", floor_ms=LATER_MS)
    await backend.reopen()
    second = await backend.node_numbers.lease("second", floor_ms=LATER_MS)
    assert second.number != first.number
    assert await backend.node_numbers.renew(first.number, "first", floor_ms=LATER_MS)


async def test_ids_of_processes_that_are_killed_again_and_again_are_all_different(tmp_path: Path) -> None:
    """The clock stands still and nothing is in the log, so only the number keeps the ids of two lives apart."""
    made: list[int] = []
    for _ in range(5):
        command = [sys.executable, "-m", "tests.contract.id_process", str(tmp_path / "store.db")]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        made += [int(await process.stdout.readline()) for _ in range(5_000)]
        process.kill()
        await process.communicate()
    assert len(made) == len(set(made)) == 25_000
