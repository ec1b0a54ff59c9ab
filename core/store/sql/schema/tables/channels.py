"""Channels of guilds, and direct messages with their recipients."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, SmallInteger, Table, Text

from core.domain.channels.channel import Overwrite
from core.store.sql.schema.columns import JsonTuple, Snowflake, ZeroAsNull
from core.store.sql.schema.metadata import metadata

channels = Table(
    "channels",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("type", SmallInteger, nullable=False),
    Column("guild_id", ZeroAsNull, ForeignKey("guilds.id", ondelete="CASCADE"), index=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("parent_id", BigInteger),
    Column("topic", Text),
    Column("nsfw", Boolean, nullable=False),
    Column("rate_limit_per_user", Integer, nullable=False),
    Column("bitrate", Integer, nullable=False),
    Column("user_limit", Integer, nullable=False),
    Column("rtc_region", Text),
    Column("video_quality_mode", SmallInteger, nullable=False),
    Column("default_auto_archive_duration", Integer),
    Column("default_thread_rate_limit_per_user", Integer, nullable=False),
    Column("default_sort_order", SmallInteger),
    Column("default_forum_layout", SmallInteger, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("overwrites", JsonTuple(Overwrite), nullable=False),
    Column("recipient_ids", JsonTuple(int), nullable=False),
    Column("owner_id", BigInteger),
    Column("icon", Text),
    Column("last_pin_ms", BigInteger, nullable=False, server_default="0"),
    Column("closed_for", JsonTuple(int), nullable=False, server_default="[]"),
    # The key of direct messages, "<lower id>:<higher id>", so that a pair has one channel.
    Column("direct_key", Text, unique=True),
)

recipients = Table(
    "recipients",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)
"""An index over `channels.recipient_ids`: the direct-message channels of each user."""
