"""Avatars, banners and icons."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, text

from core.store.sql.schema.columns import BytewiseText
from core.store.sql.schema.metadata import metadata

_UNUSED = text("unused_since_ms > 0")

pictures = Table(
    "pictures",
    metadata,
    Column("folder", BytewiseText, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("unused_since_ms", BigInteger, nullable=False),
    Column("is_gone", Boolean, nullable=False),
    Index("ix_pictures_user_id_size", "user_id", "size"),
    Index("ix_pictures_guild_id_size", "guild_id", "size"),
    Index("ix_pictures_unused_since_ms", "unused_since_ms", sqlite_where=_UNUSED, postgresql_where=_UNUSED),
)
"""No foreign keys: a row outlives the entity that has shown the picture until the bytes are removed."""
