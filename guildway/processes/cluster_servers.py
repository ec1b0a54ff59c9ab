"""The servers of a cluster, as one process connects to them: Redis, PostgreSQL, Cassandra, OpenSearch."""

import contextlib
import random
from collections.abc import AsyncIterator
from typing import Final

from core.bus.redis import RedisBus
from core.bus.relay import Relay
from core.domain.errors import Unavailable
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.plain import PlainCommands
from core.redis.scripts import load_scripts
from core.redis.topics import TopicReader
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.metrics.metrics import Metrics
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import SearchSettings, Settings
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.cassandra.connection import open_messages
from core.store.node_ids import NodeIds
from core.store.redis.session_journal import RedisSessionJournal
from core.store.sql.aggregates.messages.message_rows import SqlMessageRows
from core.store.sql.aggregates.messages.reactions import SqlReactions
from core.store.sql.engine.errors import reason_of
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.postgres.store import PostgresOptions, PostgresStore
from guildway.processes.cluster_meters import ClusterMeters
from guildway.processes.server import end_within

CLOSE_S: Final = 1.0
"""The time for the end of each part that writes."""


class RedisConnections:
    """The connections of this process to Redis: scripts, topics, plain commands, and the journal of sessions."""

    __slots__ = ("address", "client", "journal", "plain", "topics")

    def __init__(self, url: str, *, clock: Clock, meters: ClusterMeters) -> None:
        address = self.address = parse_address(url)
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
        self.journal = RedisSessionJournal(address=address)

    async def close(self) -> None:
        """Close the connections that are not kept by a chore."""
        await self.plain.close()
        await self.journal.close()


async def open_postgres(
    settings: Settings, *, bus: RedisBus, relay: Relay, redis: RedisClient, clock: Clock, metrics: Metrics
) -> PostgresStore:
    """Open the relational half of the store, whose events `relay` tells. Raises StartError."""
    options = PostgresOptions(
        read_connections=settings.postgres.read_connections, write_connections=settings.postgres.write_connections
    )
    try:
        return await PostgresStore.open(
            settings.postgres.url,
            num_shards=settings.store.num_shards,
            relay=relay,
            tail=bus,
            is_open=lambda: redis.is_connected,
            clock=clock,
            options=options,
            metrics=metrics,
        )
    except Unavailable as error:
        raise StartError(f"PostgreSQL cannot be used: {reason_of(error)}") from error


@contextlib.asynccontextmanager
async def open_rows(
    settings: Settings, *, relational: PostgresStore, clock: Clock, metrics: Metrics
) -> AsyncIterator[tuple[MessageRows, ReactionRows]]:
    """Open the rows of messages and reactions: in Cassandra where the settings name one, else in PostgreSQL.

    Raises:
        StartError
    """
    if settings.cassandra.contact_points:
        cassandra_metrics = CassandraMetrics(metrics.registry)
        async with open_messages(settings.cassandra, clock=clock, metrics=cassandra_metrics) as messages:
            yield messages, messages.reactions
    else:
        reads, writer = relational.reads, relational.writer
        yield (
            SqlMessageRows(reads=reads, writer=writer, dialect=POSTGRES, clock=clock),
            SqlReactions(reads=reads, writer=writer, dialect=POSTGRES),
        )


@contextlib.asynccontextmanager
async def open_ids(relational: PostgresStore, *, clock: Clock, holder: str) -> AsyncIterator[NodeIds]:
    """Lease a node number under a name that no other life of a process has. Raises StartError."""
    try:
        ids = await NodeIds.open(numbers=relational.node_numbers, clock=clock, holder=holder)
    except Unavailable as error:
        raise StartError(f"no ids can be made: {error.text}") from error
    try:
        yield ids
    finally:
        await end_within(CLOSE_S, ids.close, "ids")


@contextlib.asynccontextmanager
async def watch_search(settings: SearchSettings, readiness: Readiness) -> AsyncIterator[None]:
    """Look at OpenSearch with each look of `readiness`, where the settings name one. Nothing depends on it yet."""
    if not settings.url:
        yield
        return
    from core.store.search.opensearch import OpenSearch  # noqa: PLC0415 - clusters without it need no client

    search = OpenSearch.at(settings)
    readiness.watch(search.find_fault, is_needed=False)
    try:
        yield
    finally:
        await end_within(CLOSE_S, search.close, "OpenSearch")
