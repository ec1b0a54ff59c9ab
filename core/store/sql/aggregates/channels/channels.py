"""Channels of guilds and direct messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import UnknownChannel, UnknownOverwrite
from core.store.aggregates.changes import Changes
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.channels import channels, recipients
from core.store.sql.schema.tables.messages import last_messages

CHANNEL = EntityMap(Channel, channels, without=("last_message_id",))
_SELECT = select(*CHANNEL.columns)
_FIND = Query(_SELECT.where(channels.c.id == bindparam("channel_id")))
_FIND_DIRECT = Query(_SELECT.where(channels.c.direct_key == bindparam("direct_key")))
_LIST_DIRECT = Query(
    _SELECT.join(recipients, recipients.c.channel_id == channels.c.id)
    .where(recipients.c.user_id == bindparam("user_id"))
    .order_by(channels.c.id)
)


class SqlChannels:
    """The `ChannelWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, channel_id: int) -> Channel | None:
        rows = await self._db.query(_FIND, channel_id=channel_id)
        return CHANNEL.entity(rows[0]) if rows else None

    async def find_direct(self, user_a: int, user_b: int) -> Channel | None:
        rows = await self._db.query(_FIND_DIRECT, direct_key=_direct_key((user_a, user_b)))
        return CHANNEL.entity(rows[0]) if rows else None

    async def list_direct(self, user_id: int) -> list[Channel]:
        found = [CHANNEL.entity(row) for row in await self._db.query(_LIST_DIRECT, user_id=user_id)]
        return [channel for channel in found if user_id not in channel.closed_for]

    async def create(self, channel: Channel) -> None:
        values = CHANNEL.values(channel)
        values["direct_key"] = _direct_key(channel.recipient_ids) if channel.type == ChannelType.DM else None
        await self._db.execute(insert(channels), values)
        await self._add_recipients(channel.id, channel.recipient_ids)

    async def update(self, channel_id: int, changes: Changes) -> Channel:
        if not changes:
            return await self._fetch(channel_id)
        channel = await self._update(channel_id, changes)
        if "recipient_ids" in changes:
            await self._db.execute(delete(recipients).where(recipients.c.channel_id == channel_id))
            await self._add_recipients(channel_id, channel.recipient_ids)
        return channel

    async def put_overwrite(self, channel_id: int, overwrite: Overwrite) -> Channel:
        channel = await self._fetch(channel_id)
        others = tuple(other for other in channel.overwrites if other.id != overwrite.id)
        return await self._update(channel_id, {"overwrites": (*others, overwrite)})

    async def delete_overwrite(self, channel_id: int, overwrite_id: int) -> Channel:
        channel = await self._fetch(channel_id)
        kept = tuple(other for other in channel.overwrites if other.id != overwrite_id)
        if len(kept) == len(channel.overwrites):
            raise UnknownOverwrite
        return await self._update(channel_id, {"overwrites": kept})

    async def delete(self, channel_id: int) -> None:
        if not await self._db.execute(delete(channels).where(channels.c.id == channel_id)):
            raise UnknownChannel
        await self._db.execute(update(channels).where(channels.c.parent_id == channel_id).values(parent_id=None))
        await self._db.execute(delete(last_messages).where(last_messages.c.channel_id == channel_id))

    async def _fetch(self, channel_id: int) -> Channel:
        """Return the channel, locked where the database has several writers."""
        row = await self._db.fetch_one(_SELECT.where(channels.c.id == channel_id).with_for_update())
        if row is None:
            raise UnknownChannel
        return CHANNEL.entity(row)

    async def _update(self, channel_id: int, values: Changes) -> Channel:
        statement = update(channels).where(channels.c.id == channel_id).values(dict(values))
        row = await self._db.fetch_one(statement.returning(*CHANNEL.columns))
        if row is None:
            raise UnknownChannel
        return CHANNEL.entity(row)

    async def _add_recipients(self, channel_id: int, user_ids: Sequence[int]) -> None:
        rows: list[dict[str, Any]] = [{"channel_id": channel_id, "user_id": user_id} for user_id in set(user_ids)]
        if rows:
            await self._db.execute(insert(recipients), rows)


def _direct_key(user_ids: Sequence[int]) -> str:
    return f"{min(user_ids)}:{max(user_ids)}"
