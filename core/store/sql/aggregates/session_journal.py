"""The journal of sessions in two tables. A write is one unit in the writer's group commit.

Rows are written as a cut is taken, which is seldom: so SQLAlchemy runs the statements as a whole. Only the look-up of a
record is compiled, because after a restart all clients ask at once.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Integer, bindparam, delete, insert, select, update

from core.store.aggregates.session_journal import Cut, SessionRecord
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.session_journal import session_cuts, session_records
from core.store.sql.writing.writer import Writer
from core.wire.envelope import Envelope

_RECORD: Final = [session_records.c[name] for name in SessionRecord.__struct_fields__ if name != "last_cut"]
_CUT: Final = [session_cuts.c[name] for name in Cut.__struct_fields__]

_FIND = Query(select(*_RECORD).where(session_records.c.session_id == bindparam("session_id")))
_LEFT = Query(
    select(*_RECORD)
    .where(session_records.c.session_id > bindparam("after"), session_records.c.holder == bindparam("holder"))
    .order_by(session_records.c.session_id)
    .limit(bindparam("limit", type_=Integer))
)
_NEWEST = Query(
    select(*_CUT)
    .where(session_cuts.c.incarnation == bindparam("incarnation"), session_cuts.c.number < bindparam("before"))
    .order_by(session_cuts.c.number.desc())
    .limit(bindparam("limit", type_=Integer))
)
_OTHER_HOLDERS = Query(select(session_records.c.holder).distinct().where(session_records.c.holder != bindparam("own")))
_OTHER_WRITERS = Query(
    select(session_cuts.c.incarnation).distinct().where(session_cuts.c.incarnation != bindparam("own"))
)
_END = delete(session_records).where(
    session_records.c.session_id == bindparam("ended_id"), session_records.c.holder == bindparam("ended_holder")
)

_LAST_NUMBER: Final = (1 << 63) - 1

_encode = msgspec.msgpack.encode
_decode_positions = msgspec.msgpack.Decoder(dict[int, int]).decode


class SqlSessionJournal:
    """The `SessionJournal` on SQL, which one process at a time writes to."""

    is_shared: Final = False

    __slots__ = ("_put", "_reads", "_writer")

    def __init__(self, *, reads: Executor, writer: Writer, dialect: Dialect) -> None:
        self._reads = reads
        self._writer = writer
        new = dialect.insert(session_records)
        self._put = new.on_conflict_do_update(
            index_elements=[session_records.c.session_id],
            set_={column.name: new.excluded[column.name] for column in _RECORD if not column.primary_key},
            where=session_records.c.holder == new.excluded.holder,
        )

    async def write(
        self, cut: Cut, *, records: Sequence[SessionRecord] = (), ended: Sequence[str] = (), keep_from: int = 0
    ) -> None:
        async def work(db: Executor) -> tuple[None, Sequence[Envelope]]:
            await db.execute(insert(session_cuts), {**msgspec.structs.asdict(cut), "positions": _encode(cut.positions)})
            if records:
                await db.execute(self._put, [_fields(record) for record in records])
            if ended:
                await db.execute(_END, [{"ended_id": each, "ended_holder": cut.incarnation} for each in ended])
            if keep_from:
                is_old = (session_cuts.c.incarnation == cut.incarnation, session_cuts.c.number < keep_from)
                await db.execute(delete(session_cuts).where(*is_old))
            return None, ()

        await self._writer.run_errand(work)

    async def find(self, session_id: str) -> SessionRecord | None:
        rows = await self._reads.query(_FIND, session_id=session_id)
        return _record(rows[0]) if rows else None

    async def claim(self, session_id: str, *, holder: str, by: str, last_cut: int) -> bool:  # noqa: ARG002
        is_held = (session_records.c.session_id == session_id, session_records.c.holder == holder)

        async def work(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            return await db.execute(update(session_records).where(*is_held).values(holder=by)) == 1, ()

        return await self._writer.run_errand(work)

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        number = _LAST_NUMBER if before is None else before
        rows = await self._reads.query(_NEWEST, incarnation=incarnation, before=number, limit=limit)
        return [_cut(row) for row in rows]

    async def list_taken(self, incarnation: str, *, seen: Sequence[str]) -> list[str]:  # noqa: ARG002
        """Return none: nobody else lives."""
        return []

    async def list_ended(self, incarnation: str) -> list[str]:
        holders = await self._reads.query(_OTHER_HOLDERS, own=incarnation)
        writers = await self._reads.query(_OTHER_WRITERS, own=incarnation)
        return sorted({row[0] for row in (*holders, *writers)})

    async def take_charge(self, ended: str, *, by: str) -> bool:  # noqa: ARG002
        """Return that `by` is the one, since nobody else lives."""
        return True

    async def list_left(self, ended: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        rows = await self._reads.query(_LEFT, holder=ended, after=after, limit=limit)
        return [_record(row) for row in rows]

    async def drop_left(self, ended: str, *, limit: int = 2000) -> bool:
        left = select(session_records.c.session_id).where(session_records.c.holder == ended).limit(limit)

        async def work(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            dropped = await db.execute(delete(session_records).where(session_records.c.session_id.in_(left)))
            if dropped < limit:
                await db.execute(delete(session_cuts).where(session_cuts.c.incarnation == ended))
            return dropped == limit, ()

        return await self._writer.run_errand(work)


def _fields(record: SessionRecord) -> dict[str, Any]:
    fields = msgspec.structs.asdict(record)
    del fields["last_cut"]
    return fields


def _record(row: Sequence[Any]) -> SessionRecord:
    return SessionRecord(**dict(zip((column.name for column in _RECORD), row, strict=True)))


def _cut(row: Sequence[Any]) -> Cut:
    fields = dict(zip(Cut.__struct_fields__, row, strict=True))
    fields["positions"] = _decode_positions(fields["positions"])
    return Cut(**fields)
