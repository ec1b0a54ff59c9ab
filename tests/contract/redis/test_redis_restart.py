"""A real Redis that is killed, flushed and cut short under the processes of a cluster."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from core.bus.positions import position_of
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import shard_of
from deploy.services.process import ServiceProcess
from tests.contract.builders import flake, new_envelope
from tests.fakes.redis.cluster import ClusterProcess, KeepingProcess
from tests.support.clusters.redis_cluster import RealCluster

NUM_SHARDS = 8
GUILD = flake(0)
SHARD = shard_of(GUILD, NUM_SHARDS)


@pytest.fixture
def cluster(server: ServiceProcess) -> RealCluster:
    return RealCluster(server.service.port, NUM_SHARDS)


@pytest.fixture
async def worker(cluster: RealCluster) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker()
    worker.start()
    worker.go(worker.lease.run())
    worker.go(worker.keeper.run())
    assert await worker.bus.wait_current(60)
    yield worker
    await worker.kill()


@pytest.fixture
async def api(cluster: RealCluster, worker: KeepingProcess) -> AsyncIterator[ClusterProcess]:
    api = cluster.process()
    api.start()
    assert await api.bus.wait_current(60)
    yield api
    await api.kill()


async def publish(process: ClusterProcess, numbers: range) -> None:
    """Publish one after the other, each again until it is in the log."""
    for number in numbers:
        while True:
            try:
                await process.bus.publish([new_envelope(number, GUILD)])
                break
            except (OutcomeUnknown, Unavailable):
                await asyncio.sleep(0.05)


def hear(process: ClusterProcess) -> list[int]:
    heard: list[int] = []
    process.bus.subscribe(lambda delivery: heard.append(delivery.envelope.id))
    return heard


def newest_file(server: ServiceProcess) -> Path:
    """Return the file that the server has appended to last."""
    files = Path(server.service.data).glob("appendonlydir/*.incr.aof")
    return max(files, key=lambda file: int(file.name.split(".")[2]))


def cut_short(server: ServiceProcess) -> None:
    """Remove the last third of what the server has written."""
    file = newest_file(server)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) - len(data) // 3])


def add_a_step(server: ServiceProcess) -> None:
    """Change two keys in one step, as scripts do."""
    with redis.Redis(port=server.service.port) as client, client.pipeline(transaction=True) as step:
        step.incr("one").incr("other").execute()


def count_steps(server: ServiceProcess) -> int:
    """Return how many halves of such a step the server knows."""
    with redis.Redis(port=server.service.port) as client:
        return client.exists("one", "other")


def cut_in_a_step(server: ServiceProcess) -> Path:
    """Cut the file in the middle of the last command of a step, as a loss of power does; return the file."""
    file = newest_file(server)
    data = file.read_bytes()
    file.write_bytes(data[: data.rindex(b"other")])
    return file


async def wait_gone(file: Path) -> None:
    """Wait until the server has written a new file in the place of this one."""
    while True:
        if not await asyncio.to_thread(file.exists):
            return
        await asyncio.sleep(0.02)


def first_times(heard: list[int]) -> list[int]:
    """Return what was heard, without repeats."""
    return list(dict.fromkeys(heard))


async def test_killed_server_loses_nothing_that_was_acknowledged_and_goes_on(
    server: ServiceProcess, api: ClusterProcess, worker: KeepingProcess
) -> None:
    heard, at_worker = hear(api), hear(worker)
    writing = asyncio.create_task(publish(api, range(1, 400)))
    assert await api.bus.wait_passed(SHARD, position_of(1, 100))
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await writing
    assert first_times(heard) == list(range(1, 400))
    assert await worker.bus.wait_passed(SHARD, await api.bus.position(SHARD))
    assert first_times(at_worker) == list(range(1, 400))
    kept = [delivery.envelope.id for delivery in await api.bus.read(SHARD, 0)]
    assert first_times(kept) == list(range(1, 400))
    assert await api.bus.position(SHARD) == position_of(1, len(kept))


async def test_flushed_server_goes_on_under_the_old_positions(
    cluster: RealCluster, api: ClusterProcess, worker: KeepingProcess
) -> None:
    heard = hear(api)
    await publish(api, range(1, 20))
    assert await worker.bus.wait_passed(SHARD, position_of(1, 19))
    await asyncio.to_thread(cluster.flush)
    await publish(api, range(20, 30))
    assert heard == list(range(1, 30))
    assert await api.bus.position(SHARD) == position_of(1, 29)
    assert [delivery.envelope.id for delivery in await worker.bus.read(SHARD, 0)] == list(range(1, 30))


async def test_log_file_that_was_cut_short_is_repaired(
    server: ServiceProcess, api: ClusterProcess, worker: KeepingProcess, caplog: pytest.LogCaptureFixture
) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    await publish(api, range(1, 50))
    assert await worker.bus.wait_passed(SHARD, position_of(1, 49))
    await asyncio.to_thread(server.kill)
    cut_short(server)
    await asyncio.to_thread(server.start)
    await publish(api, range(50, 60))
    assert "a log was repaired" in caplog.text
    assert heard == list(range(1, 60))
    assert lost == []
    assert [delivery.envelope.id for delivery in await api.bus.read(SHARD, 0)] == list(range(1, 60))


async def test_half_of_a_step_in_the_file_is_not_run_at_a_later_restart(
    server: ServiceProcess, api: ClusterProcess, worker: KeepingProcess
) -> None:
    heard = hear(api)
    await publish(api, range(1, 10))
    add_a_step(server)
    await asyncio.to_thread(server.kill)
    file = cut_in_a_step(server)
    await asyncio.to_thread(server.start)
    await publish(api, range(10, 20))
    await wait_gone(file)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await publish(api, range(20, 30))
    assert count_steps(server) == 0
    assert heard == list(range(1, 30))


async def test_stopped_server_is_noticed_and_a_new_keeper_begins_a_generation(
    server: ServiceProcess, cluster: RealCluster, api: ClusterProcess, worker: KeepingProcess
) -> None:
    heard, lost = hear(api), list[int]()
    api.bus.on_loss(lost.append)
    await publish(api, range(1, 5))
    await worker.kill()
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    other = cluster.worker("other")
    other.start()
    other.go(other.lease.run())
    other.go(other.keeper.run())
    await publish(api, range(5, 8))
    assert heard == list(range(1, 8))
    assert await api.bus.position(SHARD) == position_of(2, 3)
    assert SHARD in lost
    await other.kill()
