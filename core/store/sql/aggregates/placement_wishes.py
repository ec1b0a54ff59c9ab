"""The wishes for the shard map in tables, and the terms of controllers. Each change is one statement."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.sql.base import Executable

from core.domain.errors import Unavailable
from core.shards.shard_map import Wishes
from core.store.sql.aggregates.node_numbers import RunErrand
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.tables.cluster import cluster
from core.store.sql.schema.tables.placement import drained_workers, shard_pins
from core.wire.envelope import Envelope


class SqlPlacementWishes:
    """The `PlacementWishes` on SQL."""

    __slots__ = ("_dialect", "_run")

    def __init__(self, *, run: RunErrand, dialect: Dialect) -> None:
        self._run = run
        self._dialect = dialect

    async def next_term(self) -> int:
        counted = update(cluster).values(map_term=cluster.c.map_term + 1).returning(cluster.c.map_term)

        async def work(db: Executor) -> tuple[int, Sequence[Envelope]]:
            row = await db.fetch_one(counted)
            if row is None:
                raise Unavailable("the database has lost the row of its cluster")
            return int(row[0]), ()

        term: int = await self._run(work)
        return term

    async def fetch(self) -> Wishes:
        wishes: Wishes = await self._run(_fetch)
        return wishes

    async def pin(self, shard: int, worker: str) -> None:
        row = self._dialect.insert(shard_pins).values(shard=shard, worker=worker)
        await self._change(row.on_conflict_do_update(index_elements=["shard"], set_={"worker": worker}))

    async def unpin(self, shard: int) -> bool:
        return await self._change(delete(shard_pins).where(shard_pins.c.shard == shard))

    async def drain(self, worker: str) -> None:
        await self._change(self._dialect.insert(drained_workers).values(worker=worker).on_conflict_do_nothing())

    async def undrain(self, worker: str) -> bool:
        return await self._change(delete(drained_workers).where(drained_workers.c.worker == worker))

    async def set_rebalancing(self, wanted: bool) -> None:  # noqa: FBT001 - as in the interface
        await self._change(update(cluster).values(is_rebalancing=wanted))

    async def _change(self, statement: Executable) -> bool:
        async def work(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            return bool(await db.execute(statement)), ()

        has_changed: bool = await self._run(work)
        return has_changed


async def _fetch(db: Executor) -> tuple[Wishes, Sequence[Envelope]]:
    pins = await db.fetch_all(select(shard_pins.c.shard, shard_pins.c.worker).order_by(shard_pins.c.shard))
    drained = await db.fetch_all(select(drained_workers.c.worker))
    row = await db.fetch_one(select(cluster.c.is_rebalancing))
    wishes = Wishes(
        pins={row[0]: row[1] for row in pins},
        drained=frozenset(worker for (worker,) in drained),
        is_rebalancing=bool(row and row[0]),
    )
    return wishes, ()
