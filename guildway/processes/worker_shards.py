"""A worker's part in who owns which shard: its lease, the map that it follows, and the shards that it has.

The lease tells `/ready` whether the worker lives for the others, and tells them where to reach it. A shard is given
away without further work: once the map names another owner, the sessions of its guilds move there by themselves
(`gateway.far.moves`).
"""

import asyncio
import random
from collections.abc import Callable, Collection
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry

from core.bus.positions import n_of
from core.bus.redis import RedisBus
from core.redis.address import RedisAddress
from core.redis.backoff import Backoff
from core.redis.client import ClientOptions, RedisClient
from core.redis.interfaces import Scripts, Topics
from core.redis.scripts import load_scripts
from core.redis.topics import TopicReader
from core.runtime.clock import Clock
from core.runtime.metrics.shard_metrics import WorkerShardMetrics
from core.runtime.settings.settings import Settings
from core.runtime.sockets import format_authority
from core.runtime.unix_sockets import UNIX
from core.shards.follower import MapFollower
from core.shards.holding import Holding
from core.shards.incarnations import name_of
from core.shards.lease import LeaseTimes, WorkerLease
from core.shards.shard_map import Place, ShardMap
from core.shards.worker import Worker, WorkerAddresses, WorkerState
from gateway.transport.public_address import PublicAddress
from guildway.processes.own_address import find_reachable_host
from guildway.processes.server import Chore
from guildway.processes.worker_load import LoadMeter


class KeptScripts(Scripts, Protocol):
    """Scripts with a connection that somebody has to keep."""

    async def keep_connected(self) -> None:
        """Keep the connection until cancelled."""


class ShardConnections(msgspec.Struct, kw_only=True, frozen=True):
    """The connections to Redis of one worker's part."""

    scripts: Scripts
    """That of other work."""
    renewing: KeptScripts
    """The lease's own."""
    topics: Topics
    """The follower's own."""


class WorkerShards:
    """The lease, the map and the shards of one worker."""

    def __init__(
        self,
        *,
        settings: Settings,
        process: str,
        connections: ShardConnections,
        bus: RedisBus,
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        """`process` names this life of the process, and in it the worker."""
        self._name = name = name_of(process)
        self._weight = settings.shards.weight
        self._settings = settings
        self._address = PublicAddress("")
        self._link = ""
        """Where others reach the worker's links."""
        self._bus = bus
        self._events = 0
        self._passed: dict[int, int] = {}
        """How far the log of each shard was at the last count."""
        self._metrics = metrics = WorkerShardMetrics(registry)
        self._renewing = connections.renewing
        self._lease = WorkerLease(
            name=name,
            process=process,
            scripts=self._renewing,
            clock=clock,
            describe=self._describe,
            times=find_lease_times(settings),
            observe=metrics.lease_renewal_seconds.observe,
            count_loss=metrics.lease_losses_total.inc,
        )
        self._holding = Holding(
            name=name,
            find_incarnation=lambda: self._lease.incarnation,
            scripts=connections.scripts,
            release=_release,
            count_move=metrics.shards_given_away_total.inc,
        )
        self._follower = MapFollower(scripts=connections.scripts, topics=connections.topics)
        self._follower.on_change(self._holding.on_map)
        self._follower.on_change(self._show_map)
        self._load = LoadMeter(clock=clock, count_events=self._count_events)
        metrics.lease_held.set_function(lambda: float(self._lease.is_held))
        metrics.shards_owned.set_function(lambda: float(len(self._holding.shards)))

    def show_link(self, authority: str) -> None:
        """Tell the others where they reach this worker's links."""
        self._link = authority

    def on_map(self, listener: Callable[[ShardMap], None]) -> None:
        """Call `listener` with each new version of the map."""
        self._follower.on_change(listener)

    async def read_map(self) -> None:
        """Read the map, if there is a new version. Raises Unavailable."""
        await self._follower.read()

    def find_fault(self) -> str | None:
        """Return why the worker is not ready, None when all is well."""
        return self._lease.find_fault() or ("the worker is drained" if self.is_drained else None)

    @property
    def held(self) -> Collection[int]:
        """The shards that this worker has."""
        return self._holding.shards.keys()

    @property
    def is_drained(self) -> bool:
        """Whether an operator wants the worker to have no shards and no clients."""
        return self._name in self._follower.map.wishes.drained

    def list_chores(self, count_sessions: Callable[[], int], address: PublicAddress) -> dict[str, Chore]:
        """List what goes on beside the worker. `address` is that of its gateway, which is told once it listens."""
        self._address = address
        self._load.count_sessions_by(count_sessions)
        return {"worker lease": self._keep_lease, "shard map": self._follower.run, "shard moves": self._holding.run}

    async def _keep_lease(self) -> None:
        """Keep the lease, and the connection until the lease is given up."""
        connected = asyncio.ensure_future(self._renewing.keep_connected())
        try:
            await self._lease.run()
        finally:
            connected.cancel()

    def _describe(self, incarnation: str) -> Worker:
        return Worker(
            name=self._name,
            incarnation=incarnation,
            addresses=_find_addresses(self._settings, self._address, link=self._link),
            weight=self._weight,
            load=self._load.measure(),
            state=WorkerState.DRAINING if self.is_drained else WorkerState.SERVING,
            shards=self._holding.describe(),
        )

    def _count_events(self) -> int:
        """Count the events of the shards while this worker has them."""
        passed = self._bus.tail.passed
        present = {shard: n_of(passed[shard].value) for shard in self._holding.shards if shard < len(passed)}
        self._events += sum(max(0, n - self._passed.get(shard, n)) for shard, n in present.items())
        self._passed = present
        return self._events

    def _show_map(self, shard_map: ShardMap) -> None:
        self._metrics.shard_map_version.set(shard_map.version)
        self._metrics.shard_map_term.set(shard_map.term)


async def _release(_shard: int, _place: Place) -> None:
    """Let a shard go: its sessions move when the map says where it is."""


def find_lease_times(settings: Settings) -> LeaseTimes:
    """Return the times of workers' leases."""
    return LeaseTimes(lifetime_s=settings.shards.lease_lifetime_s, renewal_s=settings.shards.lease_renewal_s)


def connect_shards(settings: Settings, address: RedisAddress, *, scripts: Scripts, clock: Clock) -> ShardConnections:
    """Make the connections. That of the lease gives up before the lease ends."""
    times = find_lease_times(settings)
    options = ClientOptions(
        connect_timeout_s=times.renewal_s, timeout_s=times.lifetime_s, patience_s=times.renewal_s, max_calls=10
    )
    renewing = RedisClient(
        address=address,
        scripts=load_scripts(),
        monotonic_s=clock.monotonic_s,
        backoff=Backoff(random.random),
        options=options,
    )
    topics = TopicReader(address=address, backoff=Backoff(random.random))
    return ShardConnections(scripts=scripts, renewing=renewing, topics=topics)


def _find_addresses(settings: Settings, address: PublicAddress, *, link: str) -> WorkerAddresses:
    """Return the addresses by which the worker is reached now; of metrics on a port that the system chooses, none."""
    metrics = settings.metrics
    has_metrics = metrics.enabled and metrics.port and not metrics.host.startswith(UNIX)
    metrics_url = f"http://{format_authority(find_reachable_host(metrics.host), metrics.port)}" if has_metrics else ""
    if address.bound is None:
        return WorkerAddresses(link=link, metrics=metrics_url)
    host, port = address.bound
    scheme = "wss" if settings.tls.certificate else "ws"
    return WorkerAddresses(
        gateway=f"{scheme}://{format_authority(find_reachable_host(host), port)}",
        link=link,
        metrics=metrics_url,
        public_url=address.public_url,
    )
