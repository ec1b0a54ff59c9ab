"""Leases of jobs: one holder, renewal, loss, and epochs that rise."""

import asyncio

import pytest

from core.redis.jobs import JobLease
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> FakeRedisServer:
    return FakeRedisServer(clock)


def lease(server: FakeRedisServer, holder: str) -> JobLease:
    return JobLease(name="sweep", holder=holder, scripts=FakeRedis(server), clock=server.clock, life_s=3.0)


async def test_one_process_has_the_job(server: FakeRedisServer) -> None:
    first, second = lease(server, "a"), lease(server, "b")
    await first.renew()
    await second.renew()
    assert first.epoch is not None
    assert second.epoch is None


async def test_lease_ends_by_its_own_clock_when_it_is_not_renewed(server: FakeRedisServer, clock: FakeClock) -> None:
    first, second = lease(server, "a"), lease(server, "b")
    await first.renew()
    server.stop()
    clock.advance(2.9)
    await first.renew()
    epoch = first.epoch
    assert epoch is not None
    clock.advance(0.2)
    assert first.epoch is None
    server.start()
    await second.renew()
    assert second.epoch is not None
    assert second.epoch > epoch


async def test_renewal_keeps_the_epoch(server: FakeRedisServer, clock: FakeClock) -> None:
    first = lease(server, "a")
    await first.renew()
    epoch = first.epoch
    for _ in range(5):
        clock.advance(2)
        await first.renew()
    assert first.epoch == epoch


async def test_epoch_rises_though_the_server_forgot_the_last_one(server: FakeRedisServer, clock: FakeClock) -> None:
    first = lease(server, "a")
    await first.renew()
    epoch = first.epoch
    assert epoch is not None
    server.flush()
    clock.advance(5)
    second = lease(server, "b")
    await second.renew()
    assert second.epoch is not None
    assert second.epoch > epoch


async def test_holder_that_stands_back_leaves_the_job_to_others_for_a_while(
    server: FakeRedisServer, clock: FakeClock
) -> None:
    first, second = lease(server, "a"), lease(server, "b")
    await first.renew()
    first.stand_back(3)
    assert first.epoch is None
    running = asyncio.create_task(first.run())
    await asyncio.sleep(0)
    await second.renew()
    running.cancel()
    await asyncio.wait([running])
    assert second.epoch is not None
    await first.renew()
    assert first.epoch is None


async def test_job_that_is_ended_is_free_at_once(server: FakeRedisServer) -> None:
    first, second = lease(server, "a"), lease(server, "b")
    running = asyncio.create_task(first.run())
    await first.wait_held()
    running.cancel()
    await asyncio.wait([running])
    assert first.epoch is None
    await second.renew()
    assert second.epoch is not None


async def test_waiting_for_the_job_ends_when_it_is_taken(server: FakeRedisServer) -> None:
    first = lease(server, "a")
    waiting = asyncio.create_task(first.wait_held())
    await asyncio.sleep(0)
    assert not waiting.done()
    await first.renew()
    assert await waiting == first.epoch
