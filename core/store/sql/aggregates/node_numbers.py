"""Node numbers in a table of 1,024 rows, which the migration has made. Each change is a unit of its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import func, select, update

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.store.aggregates.node_numbers import LeasedNumber
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.tables.cluster import node_numbers
from core.wire.envelope import Envelope

Work = Callable[[Executor], Awaitable[tuple[Any, Sequence[Envelope]]]]
RunErrand = Callable[[Work], Awaitable[Any]]
"""A function that runs another as a unit of work, and returns its result when it is committed."""


class SqlNodeNumbers:
    """The `NodeNumbers` on SQL."""

    __slots__ = ("_clock", "_run")

    def __init__(self, *, run: RunErrand, clock: Clock) -> None:
        self._run = run
        self._clock = clock

    async def lease(self, holder: str, *, floor_ms: int) -> LeasedNumber:
        async def take(db: Executor) -> tuple[LeasedNumber, Sequence[Envelope]]:
            return await self._take(db, holder, floor_ms), ()

        leased: LeasedNumber = await self._run(take)
        return leased

    async def renew(self, number: int, holder: str, *, floor_ms: int) -> bool:
        return await self._change(number, holder, {"floor_ms": floor_ms})

    async def release(self, number: int, holder: str, *, last_ms: int) -> None:
        await self._change(number, holder, {"holder": "", "floor_ms": last_ms})

    async def _take(self, db: Executor, holder: str, floor_ms: int) -> LeasedNumber:
        now_ms = self._clock.now_ms()
        free = (
            select(node_numbers.c.number, node_numbers.c.floor_ms)
            .where(node_numbers.c.floor_ms <= now_ms)
            .order_by(node_numbers.c.floor_ms, node_numbers.c.number)
            .limit(1)
            # Another process that leases now takes another row. SQLite has one writer, and no such clause.
            .with_for_update(skip_locked=True)
        )
        row = await db.fetch_one(free)
        if row is None:
            raise await _refusal(db, now_ms)
        number, after_ms = row
        values = {"holder": holder, "floor_ms": max(floor_ms, after_ms)}
        await db.execute(update(node_numbers).where(node_numbers.c.number == number).values(values))
        return LeasedNumber(number=number, holder=holder, after_ms=after_ms, floor_ms=values["floor_ms"])

    async def _change(self, number: int, holder: str, values: dict[str, Any]) -> bool:
        is_held = (node_numbers.c.number == number, node_numbers.c.holder == holder)

        async def change(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            return bool(await db.execute(update(node_numbers).where(*is_held).values(values))), ()

        was_held: bool = await self._run(change)
        return was_held


async def _refusal(db: Executor, now_ms: int) -> Unavailable:
    row = await db.fetch_one(select(func.min(node_numbers.c.floor_ms)))
    wait_s = 1.0 if row is None or row[0] is None else max(1.0, (row[0] - now_ms) / 1000)
    return Unavailable(
        f"every node number was used in the last minutes, or the clock is behind; the next is free in {wait_s:.0f} s",
        retry_after_s=wait_s,
    )
