"""The shards' logs in a table: positions, appending, reading, trimming.

Positions come from one counter in memory, continued from the tables at open. A unit that rolls back leaves a gap. The
revision of an event is its position, so the newest position of a shard is also the revision of a snapshot.
Trimming notes the last trimmed position of each shard, so that a late reader gets an error, and so that positions go on
from there when no row is left.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec
from sqlalchemy import Integer, bindparam, delete, func, insert, select

from core.bus.interfaces import Delivery, LogTrimmed
from core.domain.ids import shard_of
from core.runtime.clock import Clock
from core.store.sql.engine.bulk import Bulk, bulk_insert
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.engine.sqlite_driver import Step
from core.store.sql.schema.tables.logs import log, log_trims
from core.wire.envelope import Envelope, decode_envelope, encode_envelope

TRIM_CHUNK_ROWS = 2_000
"""The rows that one unit trims, which takes a few milliseconds of the writer's time."""

_READ = Query(
    select(log.c.position, log.c.envelope, log.c.revision)
    .where(log.c.shard == bindparam("shard"), log.c.position > bindparam("after"))
    .order_by(log.c.position)
    .limit(bindparam("limit", type_=Integer))
)
_LAST = Query(select(func.max(log.c.position)))
_NEWEST = Query(select(func.max(log.c.position)).where(log.c.shard == bindparam("shard")))
_TRIMS = Query(select(log_trims.c.shard, log_trims.c.position))
_OLDEST = Query(select(log.c.position, log.c.shard, log.c.created_ms).order_by(log.c.position).limit(TRIM_CHUNK_ROWS))


class LogState(msgspec.Struct, frozen=True):
    """The state of the log when the store is opened."""

    last_position: int
    positions: dict[int, int]
    """The newest position of each shard that ever had one."""
    trimmed: dict[int, int]
    """The last trimmed position of each shard that was trimmed."""


async def load_log_state(reads: Executor, num_shards: int) -> LogState:
    """Read the state of the log, with one search of the index a shard: grouping would read all of it."""
    (last,), trims, *newest = await reads.query_together(
        (_LAST, {}), (_TRIMS, {}), *((_NEWEST, {"shard": shard}) for shard in range(num_shards))
    )
    trimmed: dict[int, int] = {row[0]: row[1] for row in trims}
    positions = dict(trimmed)
    for shard, ((position,),) in enumerate(newest):
        if position is not None:
            positions[shard] = position
    return LogState(max(last[0] or 0, *trimmed.values(), 0), positions, trimmed)


class SqlLog:
    """The log's table. The writer inserts rows; trimming is a unit of its own."""

    __slots__ = ("_clock", "_dialect", "_insert", "_next_position", "_num_shards", "_reads", "_trimmed")

    def __init__(self, *, state: LogState, num_shards: int, clock: Clock, dialect: Dialect, reads: Executor) -> None:
        self._num_shards = num_shards
        self._clock = clock
        self._dialect = dialect
        self._reads = reads
        self._next_position = state.last_position + 1
        self._trimmed = dict(state.trimmed)
        columns = [column.name for column in log.columns]
        self._insert = Bulk(lambda size: bulk_insert(insert(log), columns, size), dialect.compiler)

    def place(self, envelopes: Sequence[Envelope], *, is_relational: bool) -> list[Delivery]:
        """Return the envelopes with their positions, and with revisions if they announce relational rows."""
        first = self._next_position
        self._next_position += len(envelopes)
        return [
            Delivery(
                position,
                shard_of(envelope.owner_id, self._num_shards),
                envelope,
                position if is_relational else 0,
            )
            for position, envelope in enumerate(envelopes, first)
        ]

    def insert_steps(self, deliveries: Sequence[Delivery]) -> Iterator[Step]:
        """Return the statements that insert them."""
        now_ms = self._clock.now_ms()
        rows = [
            (
                delivery.position,
                delivery.shard,
                delivery.envelope.id,
                now_ms,
                encode_envelope(delivery.envelope),
                delivery.revision,
            )
            for delivery in deliveries
        ]
        return self._insert.steps(rows)

    async def read(self, shard: int, after: int, limit: int) -> list[Delivery]:
        """Return the rows of a shard after a position, oldest first.

        Raises:
            LogTrimmed: when some of them are gone.
        """
        rows = await self._reads.query(_READ, shard=shard, after=after, limit=limit)
        # The check comes after the query, so that it notices a trim that happened meanwhile.
        if after < self._trimmed.get(shard, 0):
            raise LogTrimmed(shard)
        return [Delivery(row[0], shard, decode_envelope(row[1]), row[2]) for row in rows]

    async def trim_chunk(self, connection: Executor, *, older_than_ms: int, keep_rows: int) -> bool:
        """Delete some of the oldest rows that are too old or too many; return whether there may be more."""
        floor = self._next_position - keep_rows
        doomed = [
            (row[1], row[0])
            for row in takewhile(lambda row: row[2] < older_than_ms or row[0] < floor, await connection.query(_OLDEST))
        ]
        if not doomed:
            return False
        trimmed = dict(doomed)
        # The note comes before the rows are gone, because a reader must not miss them.
        self._trimmed.update(trimmed)
        await connection.execute(delete(log).where(log.c.position <= doomed[-1][1]))
        upsert = self._dialect.insert(log_trims)
        upsert = upsert.on_conflict_do_update(
            index_elements=[log_trims.c.shard], set_={"position": upsert.excluded.position}
        )
        await connection.execute(
            upsert, [{"shard": shard, "position": position} for shard, position in trimmed.items()]
        )
        return len(doomed) == TRIM_CHUNK_ROWS
