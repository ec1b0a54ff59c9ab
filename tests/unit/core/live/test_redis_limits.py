"""The gate of a cluster, and limits while Redis is away."""

import pytest

from core.live.interfaces import Rule
from core.live.limits import MemoryRateLimiter
from core.live.redis_limits import RedisGate, RedisRateLimiter
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer

RULE = Rule("requests", 2, 1.0)


@pytest.fixture
def server() -> FakeRedisServer:
    return FakeRedisServer(FakeClock())


class Gates:
    """Gates of processes, with what they wait for."""

    def __init__(self, server: FakeRedisServer) -> None:
        self._server = server
        self.waited: list[tuple[int, int]] = []
        self.is_in_time = True
        self.is_current = True

    def make(self) -> RedisGate:
        async def wait_applied(all_: int, rel: int) -> bool:
            self.waited.append((all_, rel))
            return self.is_in_time

        return RedisGate(
            scripts=FakeRedis(self._server),
            alone=MemoryRateLimiter(clock=self._server.clock),
            wait_applied=wait_applied,
            is_current=lambda: self.is_current,
        )


@pytest.fixture
def gates(server: FakeRedisServer) -> Gates:
    return Gates(server)


async def test_request_waits_until_the_process_is_as_new_as_the_cluster_was(
    gates: Gates, server: FakeRedisServer
) -> None:
    gate = gates.make()
    server.data.rel = 41
    passage = await gate.enter(RULE, 1, is_read=False)
    assert passage.is_current
    assert gates.waited == [(0, 41)]


async def test_request_that_reads_waits_for_messages_too(gates: Gates, server: FakeRedisServer) -> None:
    server.data.all, server.data.rel = 50, 41
    await gates.make().enter(RULE, 1, is_read=True)
    assert gates.waited == [(50, 41)]


async def test_requests_of_all_processes_count_together(gates: Gates) -> None:
    standings = [(await gates.make().enter(RULE, 1, is_read=False)).standing for _ in range(3)]
    assert [standing and (standing.remaining, standing.retry_after_s > 0) for standing in standings] == [
        (1, False),
        (0, False),
        (0, True),
    ]


async def test_request_that_counts_against_nothing_waits_all_the_same(gates: Gates, server: FakeRedisServer) -> None:
    server.data.rel = 7
    passage = await gates.make().enter(None, 1, is_read=False)
    assert passage.standing is None
    assert gates.waited == [(0, 7)]


@pytest.mark.parametrize(("is_in_time", "is_current"), [(False, True), (True, False)])
async def test_process_that_is_behind_says_so(gates: Gates, is_in_time: bool, is_current: bool) -> None:
    gates.is_in_time, gates.is_current = is_in_time, is_current
    assert not (await gates.make().enter(RULE, 1, is_read=False)).is_current


async def test_request_that_redis_does_not_answer_trusts_nothing(gates: Gates, server: FakeRedisServer) -> None:
    server.stop()
    assert not (await gates.make().enter(None, 1, is_read=True)).is_current


async def test_process_counts_alone_while_redis_is_away(gates: Gates, server: FakeRedisServer) -> None:
    server.stop()
    gate = gates.make()
    standings = [(await gate.enter(RULE, 1, is_read=False)).standing for _ in range(3)]
    assert [standing is not None and standing.retry_after_s > 0 for standing in standings] == [False, False, True]
    limiter = RedisRateLimiter(scripts=FakeRedis(server), alone=MemoryRateLimiter(clock=server.clock))
    assert (await limiter.take(RULE, 2)).remaining == 1
    assert (await limiter.look(RULE, 2)).remaining == 1
    await limiter.give_back(RULE, 2)
    assert (await limiter.look(RULE, 2)).remaining == 2
