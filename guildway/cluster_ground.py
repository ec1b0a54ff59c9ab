"""The ground of one process of a cluster: Redis, PostgreSQL, Cassandra, and all that stands on them.

```
 Redis ───── scripts ──┬─ bus (logs, tail) ─┬─ door ──┐
             topics ───┘                    └─ relay ─┤
 PostgreSQL ─ relational rows, outbox ────────────────┼─ store
 Cassandra ── rows of messages (or PostgreSQL) ───────┘
```

`lay_cluster_ground` opens what a process needs before it serves, and closes it at the end. What goes on beside it is
listed as chores: connections that are kept, leases, sweeps. Each process can do all jobs of which a cluster needs one
at a time, and has a lease for each; only the keeping of the logs is the worker's, because it has their newest entries.
"""

import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

import msgspec

from core.bus.log_keeper import LogKeeper
from core.bus.redis import RedisBus
from core.bus.relay import Relay
from core.domain.errors import Unavailable
from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.redis_orphans import RedisOrphans
from core.door.rules import find_message_rules
from core.door.tickets import Tickets
from core.live.limits import MemoryRateLimiter
from core.live.redis_counts import RedisOnlineCounts, RedisSessionStarts
from core.live.redis_limits import RedisGate, RedisRateLimiter
from core.live.refusals import Refusals
from core.redis.address import RedisAddress, parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.jobs import JobLease
from core.redis.plain import PlainCommands
from core.redis.scripts import load_scripts
from core.redis.topics import TopicReader
from core.runtime.clock import Clock
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.errors import StartError
from core.runtime.garbage import GarbageControl
from core.runtime.metrics import CassandraMetrics, Metrics
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings
from core.store.aggregates.message_rows import MessageRows
from core.store.cassandra.connection import open_messages
from core.store.cluster.door_sweep import DoorSweep, MessageEvents
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.store import ClusterStore
from core.store.node_ids import NodeIds
from core.store.redis.session_journal import RedisSessionJournal
from core.store.sql.aggregates.message_rows import SqlMessageRows
from core.store.sql.engine.errors import reason_of
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.postgres.log_source import PostgresLogSource
from core.store.sql.postgres.store import PostgresOptions, PostgresStore
from core.store.sql.postgres.sweep import OutboxSweep
from guildway.cluster_meters import ClusterMeters
from guildway.ground import Ground, show_process
from guildway.roles import Role
from guildway.server import Chore, end_within

_NAME_BYTES: Final = 8
"""Enough that no two lives of a process ever take one name."""
_CLOSE_S: Final = 1.0
_RING_BYTES: Final = 64 * 1024 * 1024
"""The newest entries of all logs, from which the worker repairs a Redis that has lost its end: a minute of 1,000/s."""
_BARRIER_S: Final = 0.25
"""The time for which a request waits to be as new as the cluster. Then the process reads the database instead."""


class ClusterGround(msgspec.Struct, kw_only=True, frozen=True):
    """The ground, and what of it only a cluster has."""

    ground: Ground
    bus: RedisBus
    store: ClusterStore
    orphans: RedisOrphans
    rows: MessageRows
    meters: ClusterMeters
    make_lease: Callable[[str], JobLease]
    chores: dict[str, Chore]

    def list_sweeps(self, events: MessageEvents) -> dict[str, Chore]:
        """List the chore that ends what dead processes have begun at the doors; `events` makes events of rows."""
        lease = self.make_lease("door sweep")
        sweep = DoorSweep(
            orphans=self.orphans,
            rows=self.rows,
            events=events,
            is_held=partial(_is_held, lease),
            count=self.meters.count_opening,
        )
        return {"door sweep lease": lease.run, "door sweep": sweep.run}


@contextlib.asynccontextmanager
async def lay_cluster_ground(
    *, settings: Settings, role: Role, name: str, clock: Clock, metrics: Metrics
) -> AsyncIterator[ClusterGround]:
    """Open the ground, and close it on leaving. `name` tells processes of one role apart.

    Raises:
        StartError: when a server cannot be reached, or was used with other settings.
    """
    incarnation = f"{name}-{secrets.token_hex(_NAME_BYTES)}"
    meters = ClusterMeters(metrics.registry)
    async with contextlib.AsyncExitStack() as stack:
        redis = _Redis(parse_address(settings.redis.url), clock, meters)
        stack.push_async_callback(redis.plain.close)
        bus = RedisBus(
            num_shards=settings.store.num_shards,
            scripts=redis.client,
            topics=redis.topics,
            clock=clock,
            ring_bytes=_RING_BYTES if role.has_gateway else 0,
            observe_lag=meters.observe_lag,
            count=meters.count_missed,
        )
        relay = Relay(bus=bus, scripts=redis.client, count_gap=meters.count_gap)
        relational = await _open_postgres(settings, relay, bus, redis, clock, metrics)
        rows = await stack.enter_async_context(_open_rows(settings, relational, clock, metrics))
        ids = await _open_ids(stack, relational, clock, incarnation)
        ticket_ids = await _open_ids(stack, relational, clock, f"{incarnation}-tickets")
        openings = RedisOpenings(
            bus=bus, scripts=redis.client, clock=clock, incarnation=incarnation, observe=meters.observe_step
        )
        limiter = RedisRateLimiter(scripts=redis.client, alone=MemoryRateLimiter(clock=clock))
        refusals = Refusals(count=lambda limit: metrics.limit_refusals_total.labels(limit).inc())
        door = RedisDoor(
            bus=bus,
            openings=openings,
            tickets=Tickets(next_id=ticket_ids.next, floor_ms=lambda: ticket_ids.floor_ms),
            limiter=limiter,
            rules=find_message_rules(settings.limits),
            refusals=refusals,
        )
        messages = ClusterMessages(rows=rows, door=door, clock=clock, observe_insert=meters.observe_insert)
        store = ClusterStore(relational=relational, messages=messages, rows=rows)
        stack.push_async_callback(end_within, _CLOSE_S, store.close, "store")
        online = RedisOnlineCounts(plain=redis.plain)
        starts = RedisSessionStarts(plain=redis.plain, clock=clock, per_day=settings.gateway.session_starts_per_day)
        journal = RedisSessionJournal(address=redis.address)
        stack.push_async_callback(journal.close)
        readiness = Readiness(look=partial(_find_fault, bus, store), clock=clock)
        show_process(metrics, readiness)
        make_lease = partial(_make_lease, redis.client, clock, incarnation)
        chores: dict[str, Chore] = {
            "redis": redis.client.keep_connected,
            "bus": bus.run,
            "door": openings.run,
            "tickets": ticket_ids.run,
            **_list_outbox_sweep(relational, relay, make_lease("outbox sweep"), clock, meters),
        }
        if role.has_gateway:
            chores |= _list_worker_chores(settings, bus, redis.client, relational, make_lease("log keeper"), clock)
            chores |= {"online counts": partial(_begin_and_run, online.begin, online.run)}
            chores |= {"session starts": partial(_begin_and_run, starts.begin, starts.run)}
        yield ClusterGround(
            ground=Ground(
                settings=settings,
                clock=clock,
                store=store,
                bus=bus,
                ids=ids,
                metrics=metrics,
                door=door,
                limiter=limiter,
                request_gate=RedisGate(
                    scripts=redis.client,
                    alone=MemoryRateLimiter(clock=clock),
                    wait_applied=lambda all_, rel: bus.wait_applied(all_=all_, rel=rel, timeout_s=_BARRIER_S),
                    is_current=lambda: bus.is_current,
                ),
                refusals=refusals,
                session_journal=journal,
                online=online,
                starts=starts,
                readiness=readiness,
                garbage=GarbageControl(clock=clock, observe=metrics.process.gc_pause_seconds.observe),
                shares=share_descriptors(read_limit()),
            ),
            bus=bus,
            store=store,
            orphans=RedisOrphans(bus=bus, scripts=redis.client, clock=clock),
            rows=rows,
            meters=meters,
            make_lease=make_lease,
            chores=chores,
        )


class _Redis:
    """The connections of this process to Redis."""

    __slots__ = ("address", "client", "plain", "topics")

    def __init__(self, address: RedisAddress, clock: Clock, meters: ClusterMeters) -> None:
        self.address = address
        self.client = RedisClient(
            address=address,
            scripts=load_scripts(),
            monotonic_s=clock.monotonic_s,
            backoff=Backoff(random.random),
            observe=meters.observe_call,
            count_error=meters.count_call_error,
        )
        self.topics = TopicReader(address=address, backoff=Backoff(random.random))
        self.plain = PlainCommands(address=address)


async def _open_postgres(
    settings: Settings, relay: Relay, bus: RedisBus, redis: _Redis, clock: Clock, metrics: Metrics
) -> PostgresStore:
    options = PostgresOptions(
        read_connections=settings.postgres.read_connections, write_connections=settings.postgres.write_connections
    )
    try:
        return await PostgresStore.open(
            settings.postgres.url,
            num_shards=settings.store.num_shards,
            relay=relay,
            tail=bus,
            is_open=lambda: redis.client.is_connected,
            clock=clock,
            options=options,
            metrics=metrics,
        )
    except Unavailable as error:
        raise StartError(f"PostgreSQL cannot be used: {reason_of(error)}") from error


@contextlib.asynccontextmanager
async def _open_rows(
    settings: Settings, relational: PostgresStore, clock: Clock, metrics: Metrics
) -> AsyncIterator[MessageRows]:
    """Open the rows of messages: in Cassandra where the settings name one, else in PostgreSQL."""
    if settings.cassandra.contact_points:
        async with open_messages(settings.cassandra, clock=clock, metrics=CassandraMetrics(metrics.registry)) as rows:
            yield rows
    else:
        yield SqlMessageRows(reads=relational.reads, writer=relational.writer, dialect=POSTGRES, clock=clock)


async def _open_ids(stack: contextlib.AsyncExitStack, relational: PostgresStore, clock: Clock, holder: str) -> NodeIds:
    try:
        ids = await NodeIds.open(numbers=relational.node_numbers, clock=clock, holder=holder)
    except Unavailable as error:
        raise StartError(f"no ids can be made: {error.text}") from error
    stack.push_async_callback(end_within, _CLOSE_S, ids.close, "ids")
    return ids


def _make_lease(scripts: RedisClient, clock: Clock, holder: str, job: str) -> JobLease:
    return JobLease(name=job, holder=holder, scripts=scripts, clock=clock)


def _list_outbox_sweep(
    relational: PostgresStore, relay: Relay, lease: JobLease, clock: Clock, meters: ClusterMeters
) -> dict[str, Chore]:
    sweep = OutboxSweep(
        outbox=relational.outbox,
        relay=relay,
        relaying=relational.relaying,
        writer=relational.writer,
        is_held=partial(_is_held, lease),
        clock=clock,
        count_events=meters.count_swept_events,
    )
    return {"outbox sweep lease": lease.run, "outbox sweep": sweep.run}


def _list_worker_chores(
    settings: Settings,
    bus: RedisBus,
    scripts: RedisClient,
    relational: PostgresStore,
    lease: JobLease,
    clock: Clock,
) -> dict[str, Chore]:
    keeper = LogKeeper(
        bus=bus,
        scripts=scripts,
        lease=lease,
        source=PostgresLogSource(reads=relational.reads, outbox=relational.outbox, writer=relational.writer),
        clock=clock,
        retention_s=settings.redis.log_lifetime_s,
    )
    return {"log keeper lease": lease.run, "log keeper": keeper.run}


def _is_held(lease: JobLease) -> bool:
    return lease.epoch is not None


async def _begin_and_run(begin: Callable[[], Awaitable[None]], run: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(Unavailable):  # what an earlier life has said is corrected in time
        await begin()
    await run()


async def _find_fault(bus: RedisBus, store: ClusterStore) -> str | None:
    """Return why the process is not ready, None when all is well."""
    return bus.find_fault() or await store.find_fault()
