"""The stages that are live."""

from sqlalchemy import BigInteger, Column, ForeignKey, SmallInteger, Table, Text

from core.store.sql.schema.metadata import metadata

stage_instances = Table(
    "stage_instances",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("topic", Text, nullable=False),
    Column("privacy_level", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)
