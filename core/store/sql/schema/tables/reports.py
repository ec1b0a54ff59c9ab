"""Reports of people to instance staff."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from core.store.sql.schema.columns import Snowflake
from core.store.sql.schema.metadata import metadata

reports = Table(
    "reports",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("reporter_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("resolved_ms", BigInteger, nullable=False),
    Column("resolver_id", BigInteger, nullable=False),
    Column("resolution", Text),
    Index("ix_reports_reporter_id", "reporter_id", "resolved_ms"),
)
