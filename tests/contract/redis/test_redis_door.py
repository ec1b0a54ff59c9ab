"""The doors of several processes on a real Redis: many senders, clocks that differ, a server that is killed."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from core.bus.positions import position_of
from core.domain.errors import StaleRights, Unavailable
from core.domain.ids import shard_of
from core.door.interfaces import Opening
from core.door.redis import RedisDoor
from core.door.redis_orphans import RedisOrphans
from core.store.cluster.door_sweep import LOOK_S
from deploy.services.process import ServiceProcess
from tests.contract.builders import flake, new_envelope
from tests.fakes.redis.cluster import ClusterProcess, KeepingProcess
from tests.fakes.redis.doors import build_door
from tests.support.clusters.redis_cluster import RealCluster

NUM_SHARDS = 4
GUILD, CHANNEL = flake(0), flake(30)
SHARD = shard_of(GUILD, NUM_SHARDS)
SENDERS = 50


class Api:
    """An API process with its door."""

    def __init__(self, process: ClusterProcess, node: int, skew_ms: int) -> None:
        self.process = process
        self.door: RedisDoor = build_door(process, node=node, skew_ms=skew_ms)
        self.refused: list[Exception] = []

    async def send(self, author_id: int, nonce: str, pause_s: float) -> int:
        """Send one message, again while that is refused; return its id."""
        while True:
            opening = Opening(
                channel_id=CHANNEL, guild_id=GUILD, author_id=author_id, nonce=nonce, mark=self.door.mark()
            )
            try:
                async with self.door.open(opening) as permit:
                    if not permit.is_repeat:
                        await asyncio.sleep(pause_s)
                        await self.door.close(permit.id, [new_envelope(permit.id, GUILD, "MESSAGE_CREATE")])
                    return permit.id
            except (StaleRights, Unavailable) as error:
                self.refused.append(error)
                await asyncio.sleep(0.05)


@pytest.fixture
def cluster(server: ServiceProcess) -> RealCluster:
    return RealCluster(server.service.port, NUM_SHARDS)


@pytest.fixture
async def worker(cluster: RealCluster) -> AsyncIterator[KeepingProcess]:
    worker = cluster.worker()
    worker.start()
    worker.go(worker.lease.run())
    worker.go(worker.keeper.run())
    worker.go(give_up_orphans(worker))
    assert await worker.bus.wait_current(60)
    yield worker
    await worker.kill()


async def give_up_orphans(process: ClusterProcess) -> None:
    """End what is left at the doors, as the sweep does where no row is stored: a killed server's answers are lost."""
    orphans = RedisOrphans(bus=process.bus, scripts=process.scripts, clock=process.clock)
    while True:
        with contextlib.suppress(Unavailable):
            for orphan in await orphans.list_orphans():
                await orphans.abort_orphan(orphan)
        await asyncio.sleep(LOOK_S)


@pytest.fixture
async def apis(cluster: RealCluster, worker: KeepingProcess) -> AsyncIterator[list[Api]]:
    processes = [cluster.process() for _ in range(2)]
    for process in processes:
        process.start()
        assert await process.bus.wait_current(60)
    yield [Api(process, node, skew_ms=50 - 100 * node) for node, process in enumerate(processes)]
    for process in processes:
        await process.kill()


async def send_many(apis: list[Api], each: int) -> list[int]:
    """Let many people send to one channel by both processes; return the ids that were acknowledged."""
    chance = random.Random(7)

    async def person(number: int) -> list[int]:
        api = apis[number % 2]
        return [await api.send(number + 1, str(one), chance.choice([0, 0.001, 0.02])) for one in range(each)]

    sent = await asyncio.gather(*(person(number) for number in range(SENDERS)))
    return [message_id for of_one in sent for message_id in of_one]


async def read_log(process: ClusterProcess) -> list[int]:
    return [delivery.envelope.id for delivery in await process.bus.read(SHARD, 0, 10_000)]


async def test_ids_rise_in_the_log_and_nothing_is_refused_though_clocks_differ(
    apis: list[Api], worker: KeepingProcess
) -> None:
    heard: list[int] = []
    worker.bus.subscribe(lambda delivery: heard.append(delivery.envelope.id))
    sent = await send_many(apis, 10)
    assert len(set(sent)) == SENDERS * 10
    log = await read_log(apis[0].process)
    assert log == sorted(sent)
    assert [api.refused for api in apis] == [[], []]
    assert await worker.bus.wait_passed(SHARD, position_of(1, len(log)))
    assert heard == log


async def test_killed_server_leaves_every_acknowledged_message_in_the_log_once(
    server: ServiceProcess, apis: list[Api], worker: KeepingProcess
) -> None:
    sending = asyncio.create_task(send_many(apis, 20))
    assert await apis[0].process.bus.wait_passed(SHARD, position_of(1, 200), 60)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    sent = await sending
    log = await read_log(apis[0].process)
    assert set(sent) <= set(log)
    assert log == sorted(set(log))


async def test_repeat_at_the_other_process_gives_the_first_message(apis: list[Api]) -> None:
    first, second = await asyncio.gather(apis[0].send(1, "n", 0.05), apis[1].send(1, "n", 0.05))
    assert first == second
    assert await read_log(apis[0].process) == [first]


async def test_listeners_of_the_sending_process_have_heard_when_the_call_returns(apis: list[Api]) -> None:
    heard: list[int] = []
    apis[0].process.bus.subscribe(lambda delivery: heard.append(delivery.envelope.id))
    for number in range(20):
        sent = await apis[0].send(1, str(number), 0)
        assert heard[-1] == sent
    assert len(heard) == 20


async def test_server_that_was_paused_answers_what_it_was_asked(server: ServiceProcess, apis: list[Api]) -> None:
    server.pause()
    sending = asyncio.create_task(apis[0].send(1, "a", 0))
    await asyncio.sleep(0.2)
    assert not sending.done()
    server.go_on()
    await sending
    assert await read_log(apis[0].process) == [await sending]
