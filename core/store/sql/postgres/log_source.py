"""What the database knows of the logs, for the keeper that opens them when Redis has lost some.

The keeper is in `core.bus.log_keeper`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from sqlalchemy import func, select, update

from core.domain.errors import Unavailable
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.postgres.outbox import Outbox
from core.store.sql.schema.tables.cluster import cluster
from core.store.sql.schema.tables.logs import outbox
from core.wire.envelope import Envelope

T = TypeVar("T")

_OLDEST: Final = Query(select(outbox.c.shard, func.min(outbox.c.n)).group_by(outbox.c.shard))


class Writing(Protocol):
    """The part of the writer that takes small works."""

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Run the function and wait for the commit. Raises Unavailable."""


class PostgresLogSource:
    """The `LogSource` of a cluster."""

    __slots__ = ("_outbox", "_reads", "_writer")

    def __init__(self, *, reads: Executor, outbox: Outbox, writer: Writing) -> None:
        self._reads = reads
        self._outbox = outbox
        self._writer = writer

    async def next_generation(self) -> int:
        """Return a number that is greater than all that were returned before, from 1. Raises Unavailable."""
        return await self._writer.run_errand(_count_generation)

    async def find_revisions(self) -> Mapping[int, int]:
        """Return for each shard a revision after which the outbox has every event. Raises Unavailable."""
        heads = dict(enumerate(await self._outbox.heads()))
        # A row that is added after the heads were read is above its head.
        oldest = {shard: n - 1 for shard, n in await self._reads.query(_OLDEST)}
        return {shard: min(head, oldest.get(shard, head)) for shard, head in heads.items()}


async def _count_generation(db: Executor) -> tuple[int, Sequence[Envelope]]:
    await db.execute(update(cluster).values(generation=cluster.c.generation + 1))
    row = await db.fetch_one(select(cluster.c.generation))
    if row is None:
        raise Unavailable("the database has lost the row of its cluster")
    return int(row[0]), ()
