"""Statuses of voice channels."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from core.store.sql.schema.metadata import metadata

voice_statuses = Table(
    "voice_statuses",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("status", Text, nullable=False),
    sqlite_with_rowid=False,
)
