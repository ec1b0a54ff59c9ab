"""The workers that live, as an API process knows them."""

from core.shards.lease import WorkerLease
from core.shards.living_workers import LivingWorkers
from core.shards.worker import Worker
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


async def test_workers_are_known_as_long_as_their_leases_live_and_while_redis_is_away() -> None:
    clock = FakeClock()
    server = FakeRedisServer(clock)
    redis = FakeRedis(server)
    living = LivingWorkers(scripts=redis)
    await living.look()
    assert living.workers == []

    for name in ("worker-1", "worker-2"):
        lease = WorkerLease(
            name=name,
            process=f"{name}-a",
            scripts=redis,
            clock=clock,
            describe=lambda incarnation, name=name: Worker(name=name, incarnation=incarnation),  # type: ignore[misc]
        )
        await lease.renew()
    await living.look()
    assert [worker.name for worker in living.workers] == ["worker-1", "worker-2"]

    server.stop()
    await living.look()
    assert [worker.name for worker in living.workers] == ["worker-1", "worker-2"]

    server.start()
    clock.advance(4)
    await living.look()
    assert living.workers == []
