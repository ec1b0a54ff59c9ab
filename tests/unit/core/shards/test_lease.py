"""A worker's lease: taken, renewed, lost, and taken again as another incarnation."""

import asyncio
from collections.abc import Callable

import pytest

from core.shards.lease import LeaseTimes, WorkerLease
from core.shards.map_reader import fetch_workers
from core.shards.worker import Worker
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


class Leases:
    """Leases on one Redis."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = FakeRedisServer(self.clock)
        self.losses = 0

    def lease(self, process: str = "w-a") -> WorkerLease:
        return WorkerLease(
            name="w",
            process=process,
            scripts=FakeRedis(self.server),
            clock=self.clock,
            describe=lambda incarnation: Worker(name="w", incarnation=incarnation),
            times=LeaseTimes(lifetime_s=3.0, renewal_s=0.001),
            count_loss=self._count,
        )

    def _count(self) -> None:
        self.losses += 1

    async def list(self) -> list[str]:
        return [worker.incarnation for worker in await fetch_workers(FakeRedis(self.server))]


@pytest.fixture
def leases() -> Leases:
    return Leases()


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - on the twins every turn matters
            await asyncio.sleep(0)


async def test_renewal_keeps_the_incarnation(leases: Leases) -> None:
    lease = leases.lease()
    assert lease.find_fault() == "the worker's lease is not held"
    for _ in range(5):
        await lease.renew()
        assert lease.is_held
        leases.clock.advance(2)
    assert lease.incarnation == "w-a.1"
    assert lease.find_fault() is None
    assert await leases.list() == ["w-a.1"]


async def test_second_process_of_a_name_waits_for_the_end_of_the_first(leases: Leases) -> None:
    first, second = leases.lease("w-a"), leases.lease("w-b")
    await first.renew()
    await second.renew()
    assert second.find_fault() == "the worker's lease is not held"
    leases.clock.advance(3.1)
    await second.renew()
    assert (first.is_held, second.is_held, second.incarnation) == (False, True, "w-b.1")


async def test_name_of_a_process_that_lives_is_a_fault(leases: Leases) -> None:
    first, second = leases.lease("w-a"), leases.lease("w-b")
    for _ in range(3):
        await first.renew()
        await second.renew()
        leases.clock.advance(2)
    assert second.find_fault() == "another process has this worker's name"


async def test_lease_that_could_not_be_renewed_is_taken_anew_as_the_next_incarnation(leases: Leases) -> None:
    lease = leases.lease()
    await lease.renew()
    leases.server.stop()
    leases.clock.advance(2.9)
    await lease.renew()
    assert lease.is_held
    leases.clock.advance(0.2)
    assert not lease.is_held
    leases.server.start()
    await lease.renew()
    assert (lease.is_held, lease.incarnation, leases.losses) == (True, "w-a.2", 1)


async def test_redis_that_was_emptied_ends_an_incarnation(leases: Leases) -> None:
    lease = leases.lease()
    await lease.renew()
    leases.server.flush()
    await lease.renew()
    assert (lease.is_held, lease.incarnation, leases.losses) == (True, "w-a.2", 1)
    assert await leases.list() == ["w-a.2"]


async def test_worker_that_woke_late_is_another_incarnation_though_nobody_took_its_name(leases: Leases) -> None:
    lease = leases.lease()
    await lease.renew()
    leases.clock.advance(60)
    await lease.renew()
    assert lease.incarnation == "w-a.2"


async def test_worker_that_stops_gives_its_lease_up(leases: Leases) -> None:
    lease = leases.lease()
    running = asyncio.create_task(lease.run())
    await wait_until(lambda: lease.is_held)
    running.cancel()
    await asyncio.wait([running])
    assert not lease.is_held
    assert await leases.list() == []


async def test_worker_stops_though_redis_is_away(leases: Leases) -> None:
    lease = leases.lease()
    running = asyncio.create_task(lease.run())
    await wait_until(lambda: lease.is_held)
    leases.server.stop()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_answer_that_was_lost_leaves_the_lease_and_the_next_renewal_finds_it(leases: Leases) -> None:
    lease = leases.lease()
    redis = lease._scripts
    assert isinstance(redis, FakeRedis)
    redis.lose_answers_of.add("worker_lease")
    await lease.renew()
    assert not lease.is_held
    await lease.renew()
    assert (lease.is_held, lease.incarnation, leases.losses) == (True, "w-a.1", 0)
