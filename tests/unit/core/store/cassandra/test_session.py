"""Requests under way are bounded, and each gives its room back however it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from core.domain.errors import OutcomeUnknown, Unavailable
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.store.cassandra.session import CallBounds, CassandraSession
from core.store.cassandra.statements import FIND, INSERT
from tests.fakes.clock import FakeClock


class FakeRequest:
    """A request that the test answers."""

    def add_callbacks(
        self,
        callback: Callable[..., None],
        errback: Callable[..., None],
        callback_args: tuple[Any, ...],
        errback_args: tuple[Any, ...],
    ) -> None:
        self.answer = lambda rows: callback(rows, *callback_args)
        self.fail = lambda error: errback(error, *errback_args)


class FakeDriver:
    """A driver session that keeps its requests."""

    def __init__(self) -> None:
        self.requests: list[FakeRequest] = []
        self.error: Exception | None = None

    def execute_async(self, statement: Any, timeout: float) -> FakeRequest:
        if self.error is not None:
            raise self.error
        self.requests.append(FakeRequest())
        return self.requests[-1]


class FakePrepared:
    def bind(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values


@pytest.fixture
def driver() -> FakeDriver:
    """What the session sends through."""
    return FakeDriver()


@pytest.fixture
async def session(driver: FakeDriver) -> CassandraSession:
    """A session with room for two requests, which waits for room no time at all."""
    return CassandraSession(
        driver=driver,
        prepared={FIND: FakePrepared(), INSERT: FakePrepared()},
        bounds=CallBounds(timeout_s=0, in_flight=2),
        clock=FakeClock(),
        metrics=CassandraMetrics(CollectorRegistry()),
    )


async def test_request_without_room_is_not_sent(session: CassandraSession, driver: FakeDriver) -> None:
    first, second = [await session.begin(FIND, number) for number in range(2)]
    with pytest.raises(Unavailable) as caught:
        await session.begin(INSERT, 3)
    assert type(caught.value) is Unavailable
    assert len(driver.requests) == 2
    driver.requests[0].answer([(1,)])
    assert await first == [(1,)]
    third = await session.begin(FIND, 4)
    driver.requests[1].answer(None)
    driver.requests[2].answer([])
    assert [list(await each) for each in (second, third)] == [[], []]


async def test_failed_and_cancelled_requests_give_their_room_back(
    session: CassandraSession, driver: FakeDriver
) -> None:
    failed, cancelled = [await session.begin(INSERT, number) for number in range(2)]
    cancelled.cancel()
    driver.requests[0].fail(RuntimeError("lost"))
    driver.requests[1].answer([])
    with pytest.raises(OutcomeUnknown):
        await failed
    await asyncio.sleep(0)
    for number in range(2):
        await session.begin(FIND, number)
    assert len(driver.requests) == 4


async def test_request_that_the_driver_does_not_take_gives_its_room_back(
    session: CassandraSession, driver: FakeDriver
) -> None:
    driver.error = RuntimeError("shut down")
    for _ in range(5):
        with pytest.raises(Unavailable):
            await session.run(FIND, 1)
