"""The keeper of the logs: trimming, fences, and work that was interrupted."""

from collections.abc import AsyncIterator

import pytest

from core.bus.entries import decode_run
from core.bus.interfaces import Delivery, LogTrimmed
from core.domain.ids import shard_of
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.cluster import FakeCluster, KeepingProcess

NUM_SHARDS = 3
GUILD = flake(0)
SHARD = shard_of(GUILD, NUM_SHARDS)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(clock: FakeClock) -> FakeCluster:
    return FakeCluster(clock, NUM_SHARDS)


@pytest.fixture
async def worker(cluster: FakeCluster) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker(ring_bytes=0)
    worker.start()
    await worker.open_logs()
    assert await worker.bus.wait_current(5)
    yield worker
    await worker.kill()


async def publish(worker: KeepingProcess, *numbers: int) -> None:
    for number in numbers:
        await worker.bus.publish([new_envelope(number, GUILD)])


async def trim(worker: KeepingProcess) -> None:
    await worker.lease.renew()
    await worker.keeper.trim(worker.lease.epoch or 0)


async def test_entries_are_kept_for_the_retention_and_then_forgotten(worker: KeepingProcess, clock: FakeClock) -> None:
    await publish(worker, 1, 2)
    await trim(worker)
    await publish(worker, 3)
    clock.advance(599)
    await trim(worker)
    assert len(await worker.bus.read(SHARD, 0)) == 3
    clock.advance(2)
    await trim(worker)
    with pytest.raises(LogTrimmed):
        await worker.bus.read(SHARD, 0)
    second = await worker.bus.position(SHARD) - 1
    assert [delivery.envelope.id for delivery in await worker.bus.read(SHARD, second)] == [3]


async def test_keeper_whose_lease_is_over_changes_nothing(
    worker: KeepingProcess, cluster: FakeCluster, clock: FakeClock
) -> None:
    await publish(worker, 1)
    old = worker.lease.epoch
    assert old is not None
    clock.advance(10)
    other = cluster.worker("other")
    other.start()
    await other.lease.renew()
    cluster.server.restart()
    await other.open_logs()
    assert await other.bus.wait_current(5)
    cluster.server.restart()
    await worker.keeper.open_all(old)
    heads = await other.bus.tail.fetch_heads()
    assert not any(head.is_open for head in heads.shards)
    await other.open_logs()
    heads = await other.bus.tail.fetch_heads()
    assert all(head.is_open for head in heads.shards)
    await other.kill()


async def start_another(cluster: FakeCluster, *, others: int) -> KeepingProcess:
    """Start a worker after Redis, which knows nothing of the logs; it takes so many others for alive."""
    cluster.server.restart()
    other = cluster.worker("other")
    other.others = others
    other.start()
    return other


async def test_keeper_that_knows_nothing_leaves_the_logs_to_one_that_has_followed_them(
    worker: KeepingProcess, cluster: FakeCluster, clock: FakeClock
) -> None:
    await publish(worker, 1)
    before = await worker.bus.position(SHARD)
    clock.advance(10)  # the lease is free
    other = await start_another(cluster, others=1)
    await other.open_logs()
    assert other.lease.epoch is None
    assert not any(head.is_open for head in (await other.bus.tail.fetch_heads()).shards)
    await worker.open_logs()
    await publish(worker, 2)
    assert await worker.bus.position(SHARD) == before + 1
    await other.kill()


async def test_keeper_that_knows_nothing_begins_anew_when_nobody_has_opened_the_logs(
    worker: KeepingProcess, cluster: FakeCluster, clock: FakeClock
) -> None:
    await publish(worker, 1)
    before = await worker.bus.position(SHARD)
    clock.advance(10)
    other = await start_another(cluster, others=1)
    await other.open_logs()
    clock.advance(6)
    await other.open_logs()
    head = (await other.bus.tail.fetch_heads()).shards[SHARD]
    assert head.is_open
    assert head.position > before + 1
    await other.kill()


async def test_keeper_that_knows_nothing_and_is_alone_begins_anew_at_once(
    worker: KeepingProcess, cluster: FakeCluster, clock: FakeClock
) -> None:
    await publish(worker, 1)
    clock.advance(10)
    other = await start_another(cluster, others=0)
    await other.open_logs()
    assert all(head.is_open for head in (await other.bus.tail.fetch_heads()).shards)
    await other.kill()


async def test_logs_that_there_never_were_are_left_to_nobody(cluster: FakeCluster) -> None:
    first = cluster.worker()
    first.others = 1
    first.start()
    await first.open_logs()
    assert all(head.is_open for head in (await first.bus.tail.fetch_heads()).shards)
    await first.kill()


async def test_opening_that_was_interrupted_goes_on_where_it_was(worker: KeepingProcess, cluster: FakeCluster) -> None:
    await publish(worker, 1)
    cluster.server.restart()
    assert isinstance(worker.scripts, FakeRedis)
    await worker.lease.renew()
    worker.scripts.lose_answers_of.add("log_open")
    with pytest.raises(Exception, match="lost"):
        await worker.keeper.open_all(worker.lease.epoch or 0)
    await worker.open_logs()
    await publish(worker, 2)
    assert [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)] == [1, 2]


async def test_long_loss_is_repaired_in_several_calls(cluster: FakeCluster) -> None:
    worker = cluster.worker()
    worker.start()
    await worker.open_logs()
    assert await worker.bus.wait_current(5)
    await publish(worker, 1)
    cluster.server.keep()
    await publish(worker, *range(2, 700))
    cluster.server.stop()
    cluster.server.lose_since()
    cluster.server.start()
    await worker.open_logs()
    assert isinstance(worker.scripts, FakeRedis)
    assert worker.scripts.calls.count("log_repair") > 3
    assert [delivery.envelope.id for delivery in await cluster_read(worker)] == list(range(1, 700))
    await worker.kill()


async def cluster_read(worker: KeepingProcess) -> list[Delivery]:
    """Read the log itself, not what the worker remembers."""
    answer = await worker.scripts.call("log_read", f"{{{SHARD}}}", 0, 1000)
    return decode_run(SHARD, answer)
