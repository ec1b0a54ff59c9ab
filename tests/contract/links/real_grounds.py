"""Parties on real servers: connections over loopback with a proxy between, and a Redis.

Tests are not coroutines, since a simulated world is no loop that a test could run on; so a runner goes on here while a
test waits.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable

from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.interfaces import PeerAddress
from core.links.redis import RedisCarrier
from core.links.tcp import TcpCarrier
from core.links.wires import Carrier, Carriers
from core.links.worker_links import WorkerLinks
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.topics import TopicReader
from core.runtime.sockets import bind_socket
from tests.contract.links.party import QUICK, SECRET, Ground, Party, identify
from tests.support.proxies.cut_proxy import CutProxy

_LIMIT_S = 20.0
_POLL_S = 0.002


class _RealGround(Ground):
    """What both have: a runner, and a task for each party."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._lives: dict[str, asyncio.Task[None]] = {}

    def choose_carrier(self, incarnation: str) -> Carrier:
        """Return what this life connects by."""
        raise NotImplementedError

    def find_address(self, party: Party) -> PeerAddress:
        """Return where others reach a party."""
        raise NotImplementedError

    @override
    def start(
        self, incarnation: str, *, bounds: LinkBounds = QUICK, secret: bytes = SECRET, cluster: str = "cluster"
    ) -> Party:
        party = Party(incarnation)

        async def begin() -> None:
            party.links = WorkerLinks(
                identity=identify(incarnation, secret, cluster),
                listener=party,
                carriers=Carriers(self.choose_carrier(incarnation)),
                bounds=bounds,
                monotonic_s=time.monotonic,
                random=random.random,
                token_bytes=secrets.token_bytes,
            )
            self._lives[incarnation] = asyncio.create_task(party.links.run())

        self._runner.run(begin())
        return party

    @override
    def stop(self, party: Party) -> None:
        self._runner.run(_end(self._lives.pop(party.incarnation)))

    @override
    def introduce(self, party: Party, *others: Party) -> None:
        async def know() -> None:
            party.links.know({other.incarnation: self.find_address(other) for other in (party, *others)})

        self._runner.run(know())

    @override
    def run_until(self, is_so: Callable[[], bool]) -> None:
        async def wait() -> None:
            async with asyncio.timeout(_LIMIT_S):
                while not is_so():  # noqa: ASYNC110 - any condition at all
                    await asyncio.sleep(_POLL_S)

        self._runner.run(wait())

    @override
    def run_a_moment(self) -> None:
        self._runner.run(asyncio.sleep(0.05))

    @override
    def close(self) -> None:
        for life in self._lives.values():
            self._runner.run(_end(life))
        self._runner.close()


class TcpGround(_RealGround):
    """Connections over loopback, each through a proxy before the one who is dialled."""

    def __init__(self) -> None:
        super().__init__()
        self._proxies: dict[str, CutProxy] = {}

    @override
    def choose_carrier(self, incarnation: str) -> Carrier:
        sock = bind_socket("127.0.0.1", 0)
        self._proxies[incarnation] = CutProxy(sock.getsockname()[1])
        return TcpCarrier(sock)

    @override
    def start(
        self, incarnation: str, *, bounds: LinkBounds = QUICK, secret: bytes = SECRET, cluster: str = "cluster"
    ) -> Party:
        party = super().start(incarnation, bounds=bounds, secret=secret, cluster=cluster)
        self._runner.run(self._proxies[incarnation].start())
        return party

    @override
    def find_address(self, party: Party) -> PeerAddress:
        return PeerAddress("127.0.0.1", self._proxies[party.incarnation].port)

    @override
    def cut(self, one: Party, other: Party) -> None:
        self._between(one, other).cut()

    @override
    def part(self, one: Party, other: Party) -> None:
        self._between(one, other).is_silent = True

    @override
    def heal(self, one: Party, other: Party) -> None:
        self._between(one, other).is_silent = False

    @override
    def close(self) -> None:
        for proxy in self._proxies.values():
            self._runner.run(proxy.stop())
        super().close()

    def _between(self, one: Party, other: Party) -> CutProxy:
        return self._proxies[max(one.incarnation, other.incarnation)]


class RedisGround(_RealGround):
    """Datagrams through one Redis. A cut is the loss of the connections that listen, a partition of what is published."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._address = parse_address(url)
        self._readers: dict[str, TopicReader] = {}
        self._clients: dict[str, asyncio.Task[None]] = {}
        self._is_parted = False

    @override
    def choose_carrier(self, incarnation: str) -> Carrier:
        client = RedisClient(
            address=self._address, scripts={}, monotonic_s=time.monotonic, backoff=Backoff(random.random)
        )
        self._clients[incarnation] = asyncio.create_task(client.keep_connected())

        def publish(topic: str, data: bytes) -> None:
            if not self._is_parted:
                client.publish(topic, data)

        reader = self._readers[incarnation] = TopicReader(address=self._address, backoff=Backoff(random.random))
        return RedisCarrier(incarnation=incarnation, publish=publish, topics=reader, token_bytes=secrets.token_bytes)

    @override
    def find_address(self, party: Party) -> PeerAddress:
        return PeerAddress("nowhere", 1)

    @override
    def stop(self, party: Party) -> None:
        super().stop(party)
        self._runner.run(_end(self._clients.pop(party.incarnation)))

    @override
    def cut(self, one: Party, other: Party) -> None:
        self._readers[one.incarnation].reconnect()
        self._readers[other.incarnation].reconnect()

    @override
    def part(self, one: Party, other: Party) -> None:
        self._is_parted = True

    @override
    def heal(self, one: Party, other: Party) -> None:
        self._is_parted = False

    @override
    def close(self) -> None:
        for client in self._clients.values():
            self._runner.run(_end(client))
        super().close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
