"""The processes of a simulated cluster: APIs, and the worker with the gateway and the keeper of the logs.

The parts are the product's: the bus and its tail, the relay, the store of both halves, the door, the gate with its
barrier, the jobs, and both tiers. What they stand on is in `tests.simulation.cluster.ground`.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from api.app import Api
from core.bus.interfaces import Delivery
from core.bus.log_keeper import LogKeeper
from core.bus.redis import RedisBus
from core.domain.errors import DomainError
from core.door.redis_orphans import RedisOrphans
from core.redis.jobs import JobLease
from core.shards.incarnations import name_of
from core.shards.map_reader import has_other_workers
from core.store.blob.objects import open_memory
from core.store.cluster.door_sweep import DoorSweep
from core.store.cluster.reaction_sweep import ReactionSweep
from core.store.sql.postgres.log_source import PostgresLogSource
from core.store.sql.postgres.sweep import OutboxSweep
from gateway.app import Gateway
from gateway.transport.listener import MakeListener
from gateway.transport.public_address import PublicAddress
from guildway.processes.files import Files
from guildway.processes.tiers import build_the_api, build_the_gateway
from tests.simulation.cluster.ground import Chore, Laid, Site, lay_ground
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.redis_links import RedisLink, TopicLink
from tests.simulation.world.server import SimulatedClock
from tests.simulation.world.wires import GatewayPort, WireListener, make_wire_listener
from tests.support.file_links import make_external_links, make_links

_RING_BYTES = 1 << 20
_LOOK_S = 1.0


class Told(msgspec.Struct, frozen=True):
    """An entry of a log, as a process's listeners were called with it."""

    shard: int
    position: int
    revision: int
    """0 for those that are no events of units of work."""
    envelope_id: int


class ClusterProcess:
    """What both kinds have. `on_end` is called when the process ends by itself."""

    def __init__(self, *, name: str, site: Site, skew_ms: int, on_end: Callable[["ClusterProcess"], None]) -> None:
        self.name = name
        self.loop: ProcessLoop = site.redis.world.make_loop(name)
        self.bus: RedisBus
        self.topics: TopicLink | None = None
        self.told: list[Told] = []
        self._site = site
        self._world = site.redis.world
        self._clock = SimulatedClock(self._world, skew_ms)
        self._on_end = on_end
        self._world.trace.note(name, f"server/ starts, {skew_ms} ms off")
        self.loop.call_soon(self._begin)

    def kill(self) -> None:
        """SIGKILL."""
        if self.loop.state is not LoopState.KILLED:
            self._world.trace.note(self.name, "server/ KILLED")
            self.loop.kill()
            self._site.database.drop(self.loop)
            self._close_ports()

    def _begin(self) -> None:
        self.loop.create_task(self._run(), name="main").add_done_callback(self._on_ended)

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        if self.loop.state is LoopState.KILLED or task.cancelled():
            return
        error = task.exception()
        if not self._may_end(error):
            self._world.trace.fault(self.name, f"ended: {error!r}")
        self._world.trace.note(self.name, f"server/ ended: {error!r}")
        self.kill()
        self._on_end(self)

    def _may_end(self, error: BaseException | None) -> bool:
        """A process that cannot start is started again, and so is a worker whose logs have lost something."""
        if isinstance(error, BaseExceptionGroup):
            return all(self._may_end(each) for each in error.exceptions)
        return isinstance(error, DomainError) or (isinstance(error, LogsLost) and self._site.may_lose_logs())

    def _close_ports(self) -> None:
        raise NotImplementedError

    async def _run(self) -> None:
        scripts = self._make_bus()
        laid = await lay_ground(
            self._site, name=self.name, loop=self.loop, clock=self._clock, bus=self.bus, scripts=scripts
        )
        files = Files(open_memory(), make_links(self._clock), make_external_links())
        api = build_the_api(laid.ground, files, PublicAddress("").url_for)
        self.bus.on_loss(lambda _: api.memory.forget_all())
        self.bus.on_loss(self._take_back)
        await self._prepare(laid, api)
        chores = [api.run, *self._list_chores(laid, api)]
        async with asyncio.TaskGroup() as tasks:
            for run in chores:
                tasks.create_task(run())
            while not await self.bus.wait_current(_LOOK_S):
                pass
            await self._serve(laid, api, tasks)
            self._world.trace.note(self.name, "server/ ready")

    async def _prepare(self, laid: Laid, api: Api) -> None:
        """Build what else the process has, before its chores begin."""

    async def _serve(self, laid: Laid, api: Api, tasks: asyncio.TaskGroup) -> None:
        raise NotImplementedError

    def _list_chores(self, laid: Laid, api: Api) -> list[Chore]:
        site, clock, scripts = self._site, self._clock, laid.scripts
        relational = laid.relational
        jobs = ("outbox sweep", "door sweep", "own places")
        outbox_lease, doors_lease, places_lease = (self._lease(job, scripts) for job in jobs)
        outbox_sweep = OutboxSweep(
            outbox=relational.outbox,
            relay=laid.relay,
            relaying=relational.relaying,
            writer=relational.writer,
            is_held=lambda: outbox_lease.epoch is not None,
            clock=clock,
        )
        door_sweep = DoorSweep(
            orphans=RedisOrphans(bus=self.bus, scripts=scripts, clock=clock),
            rows=site.rows,
            mentions=laid.mentions,
            reactions=ReactionSweep(rows=site.reaction_rows, events=api.reaction_events),
            events=api.stored_events,
            is_held=lambda: doors_lease.epoch is not None,
        )
        leases = (outbox_lease.run, doors_lease.run, places_lease.run)
        sweeps = (outbox_sweep.run, door_sweep.run)
        own_places = partial(api.own_places.run, lambda: places_lease.epoch is not None)
        return [self.bus.run, laid.openings.run, *laid.runs, *leases, *sweeps, own_places]

    def _lease(self, job: str, scripts: RedisLink) -> JobLease:
        return JobLease(name=job, holder=self.name, scripts=scripts, clock=self._clock)

    def _take_back(self, shard: int) -> None:
        """Forget what the process was told of a shard, when it is told that it may have missed something there."""
        self.told = [each for each in self.told if each.shard != shard]

    def _hear(self, delivery: Delivery) -> None:
        if delivery.position:
            told = Told(delivery.shard, delivery.position, delivery.revision, delivery.envelope.id)
            self.told.append(told)

    def _make_bus(self, *, ring_bytes: int = 0) -> RedisLink:
        links = self._world.chance(self.name)
        scripts = RedisLink(host=self._site.redis, loop=self.loop, chance=links)
        self.topics = TopicLink(host=self._site.redis, loop=self.loop, chance=links)
        self.bus = RedisBus(
            num_shards=self._site.settings.store.num_shards,
            scripts=scripts,
            topics=self.topics,
            clock=self._clock,
            ring_bytes=ring_bytes,
        )
        self.bus.subscribe(self._hear)
        return scripts


class LogsLost(Exception):
    """The logs are not those that the worker has followed."""


class ClusterApi(ClusterProcess):
    """An API process. `port` is its address."""

    def __init__(self, *, port: HttpPort, **options: Any) -> None:
        self._port = port
        super().__init__(**options)

    def _close_ports(self) -> None:
        self._port.close()

    async def _serve(self, laid: Laid, api: Api, tasks: asyncio.TaskGroup) -> None:
        self._port.open(self.loop, api.asgi)


class ClusterWorker(ClusterProcess):
    """The worker. `port` is the gateway's address."""

    gateway: Gateway

    def __init__(self, *, port: GatewayPort, **options: Any) -> None:
        self._port = port
        self._listener: WireListener
        super().__init__(**options)

    def _close_ports(self) -> None:
        self._port.close()

    def _make_bus(self, *, ring_bytes: int = _RING_BYTES) -> RedisLink:
        return super()._make_bus(ring_bytes=ring_bytes)

    def _list_chores(self, laid: Laid, api: Api) -> list[Chore]:
        relational, clock = laid.relational, self._clock
        lease = self._lease("log keeper", laid.scripts)
        source = PostgresLogSource(reads=relational.reads, outbox=relational.outbox, writer=relational.writer)
        keeper = LogKeeper(
            bus=self.bus,
            scripts=laid.scripts,
            lease=lease,
            source=source,
            clock=clock,
            has_others=partial(has_other_workers, laid.scripts, name_of(self.name)),
        )
        return [*super()._list_chores(laid, api), lease.run, keeper.run]

    async def _prepare(self, laid: Laid, api: Api) -> None:
        listeners: list[WireListener] = []

        def make_listener(**parts: Any) -> WireListener:
            listeners.append(make_wire_listener(**parts))
            return listeners[-1]

        self.gateway = await self._build_gateway(laid, api, make_listener)
        self._listener = listeners[0]

    async def _build_gateway(self, laid: Laid, api: Api, make_listener: MakeListener) -> Gateway:
        return build_the_gateway(laid.ground, api, PublicAddress(""), make_listener=make_listener)

    async def _serve(self, laid: Laid, api: Api, tasks: asyncio.TaskGroup) -> None:
        tasks.create_task(self._watch_for_losses(self.gateway))
        await self.gateway.start()
        tasks.create_task(self.gateway.run())
        self._port.open(self.loop, self._listener)

    async def _watch_for_losses(self, gateway: Gateway) -> None:
        """End with the logs that it has followed, as `guildway.processes.cluster` does."""
        lost: asyncio.Future[int] = self.loop.create_future()

        def end(shard: int) -> None:
            gateway.stop_journal()
            if not lost.done():
                lost.set_result(shard)

        self.bus.on_loss(end)
        raise LogsLost(await lost)
