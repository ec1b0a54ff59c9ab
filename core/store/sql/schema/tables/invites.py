"""Invites into guilds."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table

from core.store.sql.schema.columns import JsonTuple
from core.store.sql.schema.metadata import metadata

invites = Table(
    "invites",
    metadata,
    Column("code", String(64).with_variant(String(64, collation="C"), "postgresql"), primary_key=True),
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("inviter_id", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    Column("max_age_s", Integer, nullable=False),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("temporary", Boolean, nullable=False),
    Column("role_ids", JsonTuple(int), nullable=False, server_default="[]"),
)
