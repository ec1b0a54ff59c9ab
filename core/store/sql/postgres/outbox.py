"""The outbox: the events of units of work with their revisions, until the shards' logs have had them for a while.

A unit's last statement numbers its events. It raises the head of each shard that has some, and inserts the rows:

    log_heads  shard 7: n 41 → 43            outbox  (7, 42, event)  (7, 43, event)

The unit holds the rows of its heads until it has ended. So the revisions of a shard are contiguous, their order is that
of the commits, and whoever sees one sees all smaller ones. Owners are locked before heads, and heads by ascending
shard, so units never wait for each other in a circle. One shard commits one unit at a time for that; other shards do
not wait.

Relaying is in relaying.py and sweep.py.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Integer, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from core.domain.ids import shard_of
from core.runtime.clock import Clock
from core.store.sql.engine.connection import Connection, Executor
from core.store.sql.engine.query import Query
from core.store.sql.engine.sqlite_driver import Step
from core.store.sql.schema.tables.logs import log_heads, outbox
from core.wire.envelope import Envelope, decode_envelope, encode_envelope

LIFETIME_MS: Final = 60 * 60 * 1000
"""Longer than any log is away without an operator who looks at it."""

_LOCK_HEADS: Final = "SELECT shard FROM log_heads WHERE shard = ANY($1::int[]) ORDER BY shard FOR UPDATE"
_APPEND: Final = """
WITH events AS (
    SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bytea[]) AS event (shard, place, owner_id, envelope)
), heads AS (
    UPDATE log_heads SET n = log_heads.n + counted.events
    FROM (SELECT shard, count(*) AS events FROM events GROUP BY shard) AS counted
    WHERE log_heads.shard = counted.shard
    RETURNING log_heads.shard, log_heads.n - counted.events AS before
), added AS (
    INSERT INTO outbox (shard, n, owner_id, created_ms, envelope)
    SELECT events.shard, heads.before + events.place, events.owner_id, $5::bigint, events.envelope
    FROM events JOIN heads ON heads.shard = events.shard
)
SELECT shard, before FROM heads
"""
"""In SQL itself, because lists go to PostgreSQL as arrays: one text for any number of events."""

_READ = Query(
    select(outbox.c.n, outbox.c.envelope)
    .where(outbox.c.shard == bindparam("shard"), outbox.c.n > bindparam("after"))
    .order_by(outbox.c.n)
    .limit(bindparam("limit", type_=Integer))
)
_HEADS = Query(select(log_heads.c.shard, log_heads.c.n))


class Entries(msgspec.Struct, frozen=True):
    """Events of one shard that a unit has committed: the first has the revision `first`, and so on."""

    first: int
    envelopes: Sequence[Envelope]


Appended = Mapping[int, Entries]
"""The events of a unit, by shard."""


class Outbox:
    """The tables' statements. The writer appends; relaying reads; the sweep purges."""

    __slots__ = ("_clock", "_num_shards", "_reads")

    def __init__(self, *, reads: Executor, num_shards: int, clock: Clock) -> None:
        self._reads = reads
        self._num_shards = num_shards
        self._clock = clock

    async def append(self, connection: Connection, envelopes: Sequence[Envelope]) -> Appended:
        """Number the events of a unit and insert them, as its last statements. Raises Unavailable."""
        if not envelopes:
            return {}
        by_shard = self._by_shard(envelopes)
        shards, places, owners, encoded = [], [], [], []
        for shard, events in by_shard.items():
            for place, envelope in enumerate(events, 1):
                shards.append(shard)
                places.append(place)
                owners.append(envelope.owner_id)
                encoded.append(encode_envelope(envelope))
        steps = [Step(_APPEND, (shards, places, owners, encoded, self._clock.now_ms()))]
        if len(by_shard) > 1:  # one UPDATE takes its rows in any order
            steps.insert(0, Step(_LOCK_HEADS, (list(by_shard),)))
        heads = (await connection.run_steps(steps))[-1]
        return {shard: Entries(before + 1, by_shard[shard]) for shard, before in sorted(heads)}

    async def read(self, shard: int, *, after: int, limit: int) -> list[tuple[int, Envelope]]:
        """Return committed events of a shard with their revisions, from the first after a revision on."""
        rows = await self._reads.query(_READ, shard=shard, after=after, limit=limit)
        return [(row[0], decode_envelope(row[1])) for row in rows]

    async def heads(self) -> list[int]:
        """Return the newest committed revision of each shard."""
        heads = [0] * self._num_shards
        for shard, n in await self._reads.query(_HEADS):
            if shard < self._num_shards:
                heads[shard] = n
        return heads

    def _by_shard(self, envelopes: Sequence[Envelope]) -> dict[int, list[Envelope]]:
        by_shard: dict[int, list[Envelope]] = {}
        for envelope in envelopes:
            by_shard.setdefault(shard_of(envelope.owner_id, self._num_shards), []).append(envelope)
        return by_shard


async def make_heads(db: Executor, num_shards: int) -> None:
    """Make the heads of the shards that have none yet, when the store is opened."""
    rows = [{"shard": shard, "n": 0} for shard in range(num_shards)]
    await db.execute(insert(log_heads).on_conflict_do_nothing(), rows)


async def has_committed(db: Executor, shard: int, entries: Entries) -> bool:
    """Return whether the unit that had these entries was committed, in a transaction of its own.

    The lock of the head waits until the unit has ended, either way, on the server.

    Raises:
        Unavailable: when it has not ended in time, or the server does not answer.
    """
    await db.fetch_one(select(log_heads.c.n).where(log_heads.c.shard == shard).with_for_update())
    is_first = (outbox.c.shard == shard, outbox.c.n == entries.first)
    row = await db.fetch_one(select(outbox.c.envelope).where(*is_first))
    # The same revision may have been given to another unit since, when this one was rolled back.
    return row is not None and bytes(row[0]) == encode_envelope(entries.envelopes[0])


async def purge(db: Executor, shard: int, *, upto: int, older_than_ms: int, limit: int) -> int:
    """Delete some of a shard's oldest rows, up to a revision that the log has had; return how many."""
    oldest = select(outbox.c.n).where(outbox.c.shard == shard).order_by(outbox.c.n).limit(limit)
    is_done = (outbox.c.n <= upto, outbox.c.created_ms < older_than_ms)
    return await db.execute(delete(outbox).where(outbox.c.shard == shard, outbox.c.n.in_(oldest), *is_done))
