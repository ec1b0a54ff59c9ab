"""The ground of one process of a cluster: what the tiers stand on, over Redis, PostgreSQL and Cassandra.

```
 Redis ───── scripts ──┬─ bus (logs, tail) ─┬─ door ──┐
             topics ───┘                    └─ relay ─┤
 PostgreSQL ─ relational rows, outbox ────────────────┼─ store
 Cassandra ── rows of messages (or PostgreSQL) ───────┘
```

`lay_cluster_ground` opens what a process needs before it serves, and closes it at the end. What goes on beside it is
listed as chores: connections that are kept, and the jobs of `guildway.processes.cluster_jobs`.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

import msgspec

from core.bus.redis import RedisBus
from core.bus.relay import Relay
from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.rules import find_message_rules
from core.door.tickets import Tickets
from core.live.limits import MemoryRateLimiter
from core.live.redis_counts import RedisOnlineCounts
from core.live.redis_limits import RedisGate, RedisRateLimiter
from core.live.refusals import Refusals
from core.live.starts import CountedStarts
from core.redis.address import RedisAddress
from core.redis.client import RedisClient
from core.redis.interfaces import Scripts
from core.runtime.clock import Clock
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.metrics import Metrics
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings
from core.shards.living_workers import LivingWorkers
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.aggregates.messages.read_states import MentionRows
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reactions import ClusterReactions
from core.store.cluster.store import ClusterStore
from core.store.node_ids import NodeIds
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.unread.mention_rows import SqlMentionRows
from guildway.processes.cluster_jobs import ClusterJobs
from guildway.processes.cluster_meters import ClusterMeters
from guildway.processes.cluster_servers import CLOSE_S, RedisConnections, open_ids, open_postgres, open_rows
from guildway.processes.ground import Ground, show_process
from guildway.processes.roles import Role
from guildway.processes.server import Chore, end_within
from guildway.processes.worker_shards import WorkerShards, connect_shards

_NAME_BYTES: Final = 8
"""Enough that no two lives of a process ever take one name."""
_RING_BYTES: Final = 64 * 1024 * 1024
"""The newest entries of all logs, from which the worker repairs a Redis that has lost its end: a minute of 1,000/s."""
_START_S: Final = 30.0
"""The time in which a process has reached Redis, and the worker has opened the logs; a server may be starting too."""
_BARRIER_S: Final = 0.25
"""The time for which a request waits to be as new as the cluster. Then the process reads the database instead."""


class ClusterGround(msgspec.Struct, kw_only=True, frozen=True):
    """The ground, and what of it only a cluster has."""

    process: str
    """Names this life of the process; it begins with the process's name."""
    ground: Ground
    redis: RedisClient
    redis_address: RedisAddress
    bus: RedisBus
    door: RedisDoor
    rows: MessageRows
    mentions: MentionRows
    reaction_rows: ReactionRows
    jobs: ClusterJobs
    shards: WorkerShards | None
    living: LivingWorkers
    chores: dict[str, Chore]


@contextlib.asynccontextmanager
async def lay_cluster_ground(
    *, settings: Settings, role: Role, name: str, clock: Clock, metrics: Metrics
) -> AsyncIterator[ClusterGround]:
    """Open the ground, and close it on leaving. `name` tells processes of one role apart.

    Raises:
        StartError: when a server cannot be reached, or was used with other settings.
    """
    incarnation = f"{name}-{secrets.token_hex(_NAME_BYTES)}"
    on_redis = _OnRedis(settings=settings, role=role, incarnation=incarnation, clock=clock, metrics=metrics)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(on_redis.connections.close)
        databases = await stack.enter_async_context(_open_databases(on_redis, settings, clock, metrics))
        door = on_redis.make_door(databases.tickets)
        store = await stack.enter_async_context(_open_store(on_redis, databases, door, clock))
        jobs = on_redis.make_jobs()
        yield ClusterGround(
            process=incarnation,
            redis=on_redis.connections.client,
            redis_address=on_redis.connections.address,
            ground=on_redis.make_ground(store, databases.ids, door),
            bus=on_redis.bus,
            door=door,
            rows=databases.rows,
            mentions=databases.mentions,
            reaction_rows=databases.reaction_rows,
            jobs=jobs,
            shards=on_redis.shards,
            living=LivingWorkers(scripts=on_redis.connections.client),
            chores=_list_chores(on_redis, databases, jobs, role, settings),
        )


class _Databases(msgspec.Struct, kw_only=True, frozen=True):
    """What of the ground is rows."""

    relational: PostgresStore
    rows: MessageRows
    reaction_rows: ReactionRows
    mentions: MentionRows
    ids: NodeIds
    tickets: NodeIds
    """Names the steps at doors, by a node number of its own."""


@contextlib.asynccontextmanager
async def _open_databases(
    on_redis: "_OnRedis", settings: Settings, clock: Clock, metrics: Metrics
) -> AsyncIterator[_Databases]:
    holder = on_redis.incarnation
    async with contextlib.AsyncExitStack() as stack:
        relational = await open_postgres(
            settings,
            bus=on_redis.bus,
            relay=on_redis.relay,
            redis=on_redis.connections.client,
            clock=clock,
            metrics=metrics,
        )
        stack.push_async_callback(end_within, CLOSE_S, relational.close, "PostgreSQL")
        rows, reaction_rows = await stack.enter_async_context(
            open_rows(settings, relational=relational, clock=clock, metrics=metrics)
        )
        yield _Databases(
            relational=relational,
            rows=rows,
            reaction_rows=reaction_rows,
            mentions=SqlMentionRows(writer=relational.writer, dialect=POSTGRES, clock=clock),
            ids=await stack.enter_async_context(open_ids(relational, clock=clock, holder=holder)),
            tickets=await stack.enter_async_context(open_ids(relational, clock=clock, holder=f"{holder}-tickets")),
        )


@contextlib.asynccontextmanager
async def _open_store(
    on_redis: "_OnRedis", databases: _Databases, door: RedisDoor, clock: Clock
) -> AsyncIterator[ClusterStore]:
    rows = databases.rows
    async with contextlib.AsyncExitStack() as stack:
        messages = ClusterMessages(
            rows=rows,
            mentions=databases.mentions,
            door=door,
            clock=clock,
            observe_insert=on_redis.meters.observe_insert,
        )
        stack.push_async_callback(end_within, CLOSE_S, messages.close, "messages")
        reactions = ClusterReactions(rows=databases.reaction_rows, door=door, clock=clock)
        stack.push_async_callback(end_within, CLOSE_S, reactions.close, "reactions")
        yield ClusterStore(relational=databases.relational, messages=messages, reactions=reactions, rows=rows)


def _list_chores(
    on_redis: "_OnRedis", databases: _Databases, jobs: ClusterJobs, role: Role, settings: Settings
) -> dict[str, Chore]:
    """List what goes on beside the ground: connections that are kept, and the jobs of the ground itself."""
    chores: dict[str, Chore] = {
        "redis": on_redis.connections.client.keep_connected,
        "bus": on_redis.bus.run,
        "door": on_redis.openings.run,
        "tickets": databases.tickets.run,
        **jobs.sweep_outbox(databases.relational, on_redis.relay),
    }
    if role.has_gateway:
        chores |= jobs.keep_logs(settings.redis, databases.relational) | on_redis.list_counts()
    if role is Role.ALL:
        chores |= jobs.control_shards(settings, databases.relational.wishes, on_redis.registry)
    return chores


class _OnRedis:
    """The parts over Redis, and what is made of them once the databases are open."""

    def __init__(self, *, settings: Settings, role: Role, incarnation: str, clock: Clock, metrics: Metrics) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self.incarnation = incarnation
        self.registry = metrics.registry
        self.meters = ClusterMeters(metrics.registry)
        self.connections = RedisConnections(settings.redis.url, clock=clock, meters=self.meters)
        scripts: Scripts = self.connections.client
        self.bus = self._make_bus(role)
        self.shards = self._make_shards() if role.has_gateway else None
        self.relay = Relay(bus=self.bus, scripts=scripts, count_gap=self.meters.count_gap)
        self.openings = RedisOpenings(
            bus=self.bus, scripts=scripts, clock=clock, incarnation=incarnation, observe=self.meters.observe_step
        )
        self._limiter = RedisRateLimiter(scripts=scripts, alone=MemoryRateLimiter(clock=clock))
        self._refusals = Refusals(count=lambda limit: metrics.limit_refusals_total.labels(limit).inc())
        self._online = RedisOnlineCounts(plain=self.connections.plain)
        self._starts = CountedStarts(
            limiter=self._limiter,
            per_day=settings.gateway.session_starts_per_day,
            window_s=settings.gateway.identify_window_s,
        )

    def _make_bus(self, role: Role) -> RedisBus:
        return RedisBus(
            num_shards=self._settings.store.num_shards,
            scripts=self.connections.client,
            topics=self.connections.topics,
            clock=self._clock,
            ring_bytes=_RING_BYTES if role.has_gateway else 0,
            observe_lag=self.meters.observe_lag,
            count=self.meters.count_missed,
        )

    def _make_shards(self) -> WorkerShards:
        return WorkerShards(
            settings=self._settings,
            process=self.incarnation,
            connections=connect_shards(
                self._settings, self.connections.address, scripts=self.connections.client, clock=self._clock
            ),
            bus=self.bus,
            clock=self._clock,
            registry=self._metrics.registry,
        )

    def make_door(self, tickets: NodeIds) -> RedisDoor:
        """Make the door."""
        return RedisDoor(
            bus=self.bus,
            scripts=self.connections.client,
            openings=self.openings,
            tickets=Tickets(next_id=tickets.next, floor_ms=lambda: tickets.floor_ms),
            limiter=self._limiter,
            rules=find_message_rules(self._settings.limits),
            refusals=self._refusals,
        )

    def make_jobs(self) -> ClusterJobs:
        """Make the jobs of which a cluster needs one at a time."""
        return ClusterJobs(
            bus=self.bus,
            redis=self.connections.client,
            clock=self._clock,
            holder=self.incarnation,
            meters=self.meters,
        )

    def list_counts(self) -> dict[str, Chore]:
        """List the chores that write the counts of the worker."""
        return {
            "online counts": self._online.run,
        }

    def make_ground(self, store: ClusterStore, ids: NodeIds, door: RedisDoor) -> Ground:
        """Put the ground together."""
        bus, clock = self.bus, self._clock
        readiness = Readiness(look=partial(_find_fault, bus, store, self.shards), clock=clock, start_s=_START_S)
        show_process(self._metrics, readiness)
        gate = RedisGate(
            scripts=self.connections.client,
            alone=MemoryRateLimiter(clock=clock),
            wait_applied=lambda all_, rel: bus.wait_applied(all_=all_, rel=rel, timeout_s=_BARRIER_S),
            is_current=lambda: bus.is_current,
        )
        return Ground(
            settings=self._settings,
            clock=clock,
            store=store,
            bus=bus,
            ids=ids,
            metrics=self._metrics,
            door=door,
            limiter=self._limiter,
            request_gate=gate,
            refusals=self._refusals,
            session_journal=self.connections.journal,
            online=self._online,
            starts=self._starts,
            readiness=readiness,
            garbage=GarbageControl(clock=clock, observe=self._metrics.process.gc_pause_seconds.observe),
            shares=share_descriptors(read_limit()),
        )


async def _find_fault(bus: RedisBus, store: ClusterStore, shards: WorkerShards | None) -> str | None:
    """Return why the process is not ready, None when all is well."""
    return bus.find_fault() or await store.find_fault() or (shards.find_fault() if shards else None)
