"""Webhooks, and the copies that they make of published messages."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, SmallInteger, Table, Text, text

from core.store.sql.schema.columns import Snowflake
from core.store.sql.schema.metadata import metadata

_DUE = text("change_id > 0")

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("type", SmallInteger, nullable=False),
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("avatar", Text),
    Column("source_guild_id", BigInteger, nullable=False),
    Column("source_channel_id", BigInteger, nullable=False, index=True),
)
"""The source may be another guild's, so it has no foreign key: a unit of that guild must not wait for this one's."""

crossposts = Table(
    "crossposts",
    metadata,
    Column("source_message_id", BigInteger, primary_key=True),
    Column("webhook_id", BigInteger, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("source_channel_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("copy_id", BigInteger, nullable=False),
    Column("change_id", BigInteger, nullable=False),
    Index("ix_crossposts_change_id", "change_id", sqlite_where=_DUE, postgresql_where=_DUE),
    sqlite_with_rowid=False,
)
"""`change_id` is 0 in most rows, and the index has only those with something to be done."""
