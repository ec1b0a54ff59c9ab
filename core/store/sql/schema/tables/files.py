"""Files that people have sent, or may send."""

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, Table, Text, text

from core.store.sql.schema.columns import Snowflake
from core.store.sql.schema.metadata import metadata

_UNUSED = text("message_id = 0")

files = Table(
    "files",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("ix_files_message_id", "message_id"),
    Index("ix_files_user_id_size", "user_id", "size"),
    Index("ix_files_waiting", "user_id", sqlite_where=_UNUSED, postgresql_where=_UNUSED),
    Index("ix_files_guild_id_size", "guild_id", "size"),
    Index("ix_files_expires_ms", "expires_ms", sqlite_where=_UNUSED, postgresql_where=_UNUSED),
)
"""No foreign keys: a row outlives its guild and its message until the file is removed."""
