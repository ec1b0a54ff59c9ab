"""Crossposts, which are relational in every store: there is one for each follower of a channel and published message.

What is done about a crosspost is compared with its change, so a change that came meanwhile is not lost.
"""

from collections.abc import Collection

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    bindparam,
    case,
    delete,
    literal,
    literal_column,
    select,
    update,
)

from core.domain.messages.crosspost import Crosspost
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.webhooks import crossposts, webhooks

_CROSSPOST = EntityMap(Crosspost, crossposts)
# Written out, as an index of some rows is used only where the statement itself names them.
_IS_DUE = crossposts.c.change_id > literal_column("0")
_LIMIT = bindparam("limit", type_=Integer)
_DUE = Query(
    select(*_CROSSPOST.columns)
    .where(_IS_DUE, crossposts.c.change_id < bindparam("before_id", type_=BigInteger))
    .order_by(crossposts.c.change_id)
    .limit(_LIMIT)
)
_DUE_OF = Query(
    select(*_CROSSPOST.columns)
    .where(
        crossposts.c.source_message_id == bindparam("message_id"),
        crossposts.c.webhook_id > bindparam("after", type_=BigInteger),
        _IS_DUE,
    )
    .order_by(crossposts.c.webhook_id)
    .limit(_LIMIT)
)


class SqlCrossposts:
    """The `CrosspostWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def find_published(self, message_ids: Collection[int]) -> list[int]:
        statement = select(crossposts.c.source_message_id).distinct()
        rows = await self._db.fetch_all(statement.where(_are_of(message_ids)))
        return sorted(row[0] for row in rows)

    async def list_due(self, *, before_id: int, limit: int) -> list[Crosspost]:
        return [_CROSSPOST.entity(row) for row in await self._db.query(_DUE, before_id=before_id, limit=limit)]

    async def list_due_of(self, source_message_id: int, *, after: int, limit: int) -> list[Crosspost]:
        rows = await self._db.query(_DUE_OF, message_id=source_message_id, after=after, limit=limit)
        return [_CROSSPOST.entity(row) for row in rows]

    async def begin(self, source_channel_id: int, source_message_id: int, *, change_id: int) -> int:
        followers = select(
            literal(source_message_id, BigInteger),
            webhooks.c.id,
            webhooks.c.source_channel_id,
            webhooks.c.channel_id,
            literal(0, BigInteger),
            literal(change_id, BigInteger),
        ).where(webhooks.c.source_channel_id == source_channel_id)
        put = self._dialect.insert(crossposts).from_select([column.name for column in crossposts.columns], followers)
        return await self._db.execute(
            put.on_conflict_do_update(
                index_elements=[crossposts.c.source_message_id, crossposts.c.webhook_id],
                set_={"change_id": put.excluded.change_id},
            )
        )

    async def note(self, message_ids: Collection[int], *, change_id: int) -> None:
        await self._db.execute(update(crossposts).where(_are_of(message_ids)).values(change_id=change_id))

    async def settle(self, crosspost: Crosspost, *, channel_id: int, copy_id: int) -> bool:
        is_last = crossposts.c.change_id == crosspost.change_id
        settled = await self._db.execute(
            update(crossposts)
            .where(*_is_this(crosspost))
            .values(
                channel_id=channel_id,
                copy_id=copy_id,
                change_id=case((is_last, 0), else_=crossposts.c.change_id),
            )
        )
        return settled > 0

    async def postpone(self, crosspost: Crosspost, *, change_id: int) -> None:
        is_last = crossposts.c.change_id == crosspost.change_id
        await self._db.execute(update(crossposts).where(*_is_this(crosspost), is_last).values(change_id=change_id))

    async def drop(self, crosspost: Crosspost) -> None:
        is_last = crossposts.c.change_id == crosspost.change_id
        await self._db.execute(delete(crossposts).where(*_is_this(crosspost), is_last))


def _is_this(crosspost: Crosspost) -> tuple[ColumnElement[bool], ...]:
    return (
        crossposts.c.source_message_id == crosspost.source_message_id,
        crossposts.c.webhook_id == crosspost.webhook_id,
    )


def _are_of(message_ids: Collection[int]) -> ColumnElement[bool]:
    return crossposts.c.source_message_id.in_(list(message_ids))
