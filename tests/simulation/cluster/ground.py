"""The ground of one simulated process of a cluster, laid as `guildway.processes.cluster_ground` does.

Redis, the database and the rows of messages are simulated, and so are the journal's server and the images. Counts of who
is online and of starts are each process's own; no check reads them.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from core.bus.redis import RedisBus
from core.bus.relay import Relay
from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.rules import find_message_rules
from core.door.tickets import Tickets
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.redis_limits import RedisGate, RedisRateLimiter
from core.live.refusals import Refusals
from core.live.starts import CountedStarts
from core.runtime.clock import Clock
from core.runtime.descriptors import read_limit, share_descriptors
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.metrics import Metrics
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings
from core.store.aggregates.messages.read_states import MentionRows
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reactions import ClusterReactions
from core.store.cluster.store import ClusterStore
from core.store.node_ids import NodeIds
from core.store.sql.engine.query import QueryCache
from core.store.sql.postgres.connections import ConnectionPool
from core.store.sql.postgres.reads import PostgresReads
from core.store.sql.postgres.relaying import Relaying
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.postgres.writer import PostgresWriter
from core.store.sql.unread.mention_rows import SqlMentionRows
from core.store.sql.writing.commits import Commits
from guildway.processes.ground import Ground
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.message_rows import FakeMessageRows
from tests.fakes.reaction_rows import FakeReactionRows
from tests.simulation.cluster.database import DatabaseServer, SqliteOutbox, open_connection
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.redis_links import RedisHost, RedisLink
from tests.simulation.world.server import SeededRandomness

_READS = 4
_WRITES = 6
_BARRIER_S = 0.25
"""As `guildway.processes.cluster_ground`."""

Chore = Callable[[], Awaitable[None]]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What is there for all processes, and outlives each of them."""

    redis: RedisHost
    database: DatabaseServer
    rows: FakeMessageRows
    reaction_rows: FakeReactionRows
    journal: MemoryJournal
    settings: Settings
    random: SeededRandomness
    may_lose_logs: Callable[[], bool]
    """Whether Redis has lost what it had, so that a worker may end for it."""


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """The ground of one process, and the parts of it that chores need."""

    ground: Ground
    scripts: RedisLink
    relay: Relay
    relational: PostgresStore
    openings: RedisOpenings
    door: RedisDoor
    mentions: MentionRows
    runs: list[Chore]


async def lay_ground(
    site: Site, *, name: str, loop: ProcessLoop, clock: Clock, bus: RedisBus, scripts: RedisLink
) -> Laid:
    """Lay the ground of a process. Raises Unavailable when the database refuses."""
    settings = site.settings
    relay = Relay(bus=bus, scripts=scripts)
    metrics = Metrics()
    relational = _open_relational(site, loop, clock=clock, bus=bus, relay=relay, scripts=scripts, metrics=metrics)
    ids = await NodeIds.open(numbers=relational.node_numbers, clock=clock, holder=name)
    tickets = await NodeIds.open(numbers=relational.node_numbers, clock=clock, holder=f"{name}-tickets")
    openings = RedisOpenings(bus=bus, scripts=scripts, clock=clock, incarnation=name)
    limiter = RedisRateLimiter(scripts=scripts, alone=MemoryRateLimiter(clock=clock))
    refusals = Refusals()
    door = RedisDoor(
        bus=bus,
        scripts=scripts,
        openings=openings,
        tickets=Tickets(next_id=tickets.next, floor_ms=lambda: tickets.floor_ms),
        limiter=limiter,
        rules=find_message_rules(settings.limits),
        refusals=refusals,
    )
    mentions = SqlMentionRows(writer=relational.writer, dialect=site.database.dialect_of(loop), clock=clock)
    messages = ClusterMessages(rows=site.rows, mentions=mentions, door=door, clock=clock)
    reactions = ClusterReactions(rows=site.reaction_rows, door=door, clock=clock)
    store = ClusterStore(relational=relational, messages=messages, reactions=reactions, rows=site.rows)
    gate = RedisGate(
        scripts=scripts,
        alone=MemoryRateLimiter(clock=clock),
        wait_applied=lambda all_, rel: bus.wait_applied(all_=all_, rel=rel, timeout_s=_BARRIER_S),
        is_current=lambda: bus.is_current,
    )
    ground = Ground(
        settings=settings,
        clock=clock,
        store=store,
        bus=bus,
        ids=ids,
        metrics=metrics,
        door=door,
        limiter=limiter,
        request_gate=gate,
        refusals=refusals,
        session_journal=site.journal,
        online=MemoryOnlineCounts(),
        starts=CountedStarts(
            limiter=MemoryRateLimiter(clock=clock),
            per_day=settings.gateway.session_starts_per_day,
            window_s=settings.gateway.identify_window_s,
        ),
        readiness=Readiness(look=store.find_fault, clock=clock),
        garbage=GarbageControl(clock=clock, observe=lambda _: None),
        shares=share_descriptors(read_limit()),
        random=site.random,
    )
    return Laid(
        ground=ground,
        scripts=scripts,
        relay=relay,
        relational=relational,
        openings=openings,
        door=door,
        mentions=mentions,
        runs=[ids.run, tickets.run],
    )


def _open_relational(
    site: Site,
    loop: ProcessLoop,
    *,
    clock: Clock,
    bus: RedisBus,
    relay: Relay,
    scripts: RedisLink,
    metrics: Metrics,
) -> PostgresStore:
    """Open the store as `PostgresStore.open` does, on the simulated server, which has its schema already."""
    num_shards = site.settings.store.num_shards
    dialect = site.database.dialect_of(loop)
    engine = dialect.connect(site.database.path)
    connect = partial(open_connection, engine, dialect, QueryCache(dialect.compiler))
    reads = PostgresReads(ConnectionPool(connect=connect, size=_READS))
    outbox = SqliteOutbox(reads=reads, num_shards=num_shards, clock=clock)
    relaying = Relaying(relay=relay, tail=bus, is_open=lambda: scripts.is_connected, outbox=outbox)
    commits = Commits(clock=clock, metrics=metrics)
    pool = ConnectionPool(connect=connect, size=_WRITES)
    writer = PostgresWriter(pool=pool, outbox=outbox, relaying=relaying, commits=commits)
    return PostgresStore(
        engine=engine,
        reads=reads,
        writer=writer,
        outbox=outbox,
        relaying=relaying,
        commits=commits,
        num_shards=num_shards,
        clock=clock,
        dialect=dialect,
    )
