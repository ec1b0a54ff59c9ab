"""Webhooks."""

from sqlalchemy import bindparam, delete, exists, insert, select, update

from core.domain.errors import UnknownChannel, UnknownWebhook
from core.domain.guilds.webhook import Webhook
from core.store.aggregates.changes import Changes
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.webhooks import webhooks

_WEBHOOK = EntityMap(Webhook, webhooks)
_SELECT = select(*_WEBHOOK.columns)
_FIND = Query(_SELECT.where(webhooks.c.id == bindparam("webhook_id")))


class SqlWebhooks:
    """The `WebhookWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, webhook_id: int) -> Webhook | None:
        rows = await self._db.query(_FIND, webhook_id=webhook_id)
        return _WEBHOOK.entity(rows[0]) if rows else None

    async def list_of_channel(self, channel_id: int) -> list[Webhook]:
        statement = _SELECT.where(webhooks.c.channel_id == channel_id).order_by(webhooks.c.id)
        return [_WEBHOOK.entity(row) for row in await self._db.fetch_all(statement)]

    async def list_of_guild(self, guild_id: int) -> list[Webhook]:
        statement = _SELECT.where(webhooks.c.guild_id == guild_id).order_by(webhooks.c.id)
        return [_WEBHOOK.entity(row) for row in await self._db.fetch_all(statement)]

    async def list_orphans(self, *, limit: int) -> list[Webhook]:
        has_source = exists().where(channels.c.id == webhooks.c.source_channel_id)
        statement = _SELECT.where(~has_source).order_by(webhooks.c.id).limit(limit)
        return [_WEBHOOK.entity(row) for row in await self._db.fetch_all(statement)]

    async def create(self, webhook: Webhook) -> None:
        if await self._db.fetch_one(select(channels.c.id).where(channels.c.id == webhook.channel_id)) is None:
            raise UnknownChannel
        await self._db.execute(insert(webhooks), _WEBHOOK.values(webhook))

    async def update(self, webhook_id: int, changes: Changes) -> Webhook:
        statement = update(webhooks).where(webhooks.c.id == webhook_id)
        row = await self._db.fetch_one(statement.values(dict(changes)).returning(*_WEBHOOK.columns))
        if row is None:
            raise UnknownWebhook
        return _WEBHOOK.entity(row)

    async def delete(self, webhook_id: int) -> bool:
        return await self._db.execute(delete(webhooks).where(webhooks.c.id == webhook_id)) > 0
