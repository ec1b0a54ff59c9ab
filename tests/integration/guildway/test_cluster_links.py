"""The links of two workers as a process puts them together: over TCP, through Redis when that fails, and counted."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from typing_extensions import override

from core.links.interfaces import LinkListener, PeerAddress
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.runtime.clock import SystemClock
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import LinkSettings, RedisSettings, Settings
from core.store.aggregates.secrets import Secrets
from deploy.services.process import ServiceProcess
from guildway.processes.cluster_links import OpenLinks, fetch_identity, open_links
from guildway.processes.link_meters import LinkMetersOfProcess

ONE, TWO = "worker-1-aaaa", "worker-2-bbbb"


class SharedSecrets(Secrets):
    """The first candidate of each name."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    @override
    async def ensure(self, name: str, candidate: bytes) -> bytes:
        return self._kept.setdefault(name, candidate)


class Worker(LinkListener):
    """A worker, and what it has heard."""

    def __init__(self) -> None:
        self.open: OpenLinks
        self.registry = CollectorRegistry()
        self.frames: list[bytes] = []
        self.talks: set[str] = set()

    @override
    def on_begun(self, peer: str) -> None:
        self.talks.add(peer)

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        self.frames.append(frame)

    @override
    def on_broken(self, peer: str) -> None:
        self.talks.discard(peer)


@pytest.fixture
async def workers(redis_server: ServiceProcess) -> AsyncIterator[dict[str, Worker]]:
    """Two workers that do not know each other yet."""
    url = f"redis://127.0.0.1:{redis_server.service.port}/0"
    settings = Settings(redis=RedisSettings(url=url), links=LinkSettings(silence_s=0.5, fallback_after_s=0.3))
    secrets, made = SharedSecrets(), {ONE: Worker(), TWO: Worker()}
    async with contextlib.AsyncExitStack() as stack:
        for incarnation, worker in made.items():
            client = RedisClient(
                address=parse_address(url), scripts={}, monotonic_s=time.monotonic, backoff=Backoff(random.random)
            )
            worker.open = open_links(
                settings=settings,
                identity=await fetch_identity(secrets, incarnation=incarnation, randomness=SYSTEM_RANDOMNESS),
                listener=worker,
                publish=client.publish,
                clock=SystemClock(),
                randomness=SYSTEM_RANDOMNESS,
                meters=LinkMetersOfProcess(worker.registry),
            )
            for run in (client.keep_connected(), worker.open.links.run()):
                stack.push_async_callback(end, asyncio.create_task(run))
        yield made


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - any condition at all
            await asyncio.sleep(0.005)


async def test_two_workers_of_one_database_talk(workers: dict[str, Worker]) -> None:
    one, two = workers[ONE], workers[TWO]
    peers = {incarnation: worker.open.address for incarnation, worker in workers.items()}
    for worker in (one, two):
        worker.open.links.know(peers)
    await wait_until(lambda: TWO in one.talks and ONE in two.talks)

    assert one.open.links.send(TWO, b"hello")

    await wait_until(lambda: two.frames == [b"hello"])
    await wait_until(lambda: one.open.links.carrier_of(TWO) == "tcp")  # again, if it was silent for a moment
    labels = {"worker": "worker-1", "direction": "received"}
    await wait_until(lambda: two.registry.get_sample_value("guildway_link_frames_total", labels))


async def test_who_cannot_be_reached_is_talked_to_through_redis(workers: dict[str, Worker]) -> None:
    one, two = workers[ONE], workers[TWO]
    right, wrong = two.open.address, PeerAddress("127.0.0.1", 1)
    one.open.links.know({TWO: wrong})
    two.open.links.know({ONE: one.open.address})
    await wait_until(lambda: one.open.links.carrier_of(TWO) == "redis" and ONE in two.talks)
    one.open.links.send(TWO, b"through redis")
    await wait_until(lambda: two.frames == [b"through redis"])

    one.open.links.know({TWO: right})

    await wait_until(lambda: one.open.links.carrier_of(TWO) == "tcp")
    one.open.links.send(TWO, b"directly")
    await wait_until(lambda: two.frames == [b"through redis", b"directly"])
    assert msgspec.structs.asdict(right)["port"] > 0
