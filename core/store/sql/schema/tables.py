"""The schema. Changing it needs a migration; a test compares the two.

Ids are snowflakes, times Unix milliseconds. `*_fold` columns hold folded names, for comparisons.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from core.domain.channel import Overwrite
from core.store.sql.schema.columns import BytewiseText, JsonTuple, RawJson, Snowflake, WideInteger, ZeroAsNull

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

cluster = Table(
    "cluster",
    metadata,
    Column("id", Text, primary_key=True),
    Column("num_shards", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False, server_default="0"),
)
"""The numbers that all processes on this database share, in one row. `generation` is the newest of the logs of a
cluster."""

node_numbers = Table(
    "node_numbers",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("floor_ms", BigInteger, nullable=False),
)
"""The 1,024 node numbers, all of which are rows from the beginning (`core.store.aggregates.node_numbers`)."""

users = Table(
    "users",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("username", Text, nullable=False),
    Column("username_fold", BytewiseText, nullable=False, index=True),
    Column("username_key", Text, unique=True),  # people: the folded username; bots: NULL, their names may repeat
    Column("global_name", Text),
    Column("global_name_fold", BytewiseText, index=True),
    Column("avatar", Text),
    Column("banner", Text),
    Column("accent_color", Integer),
    Column("bio", Text, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text, unique=True),
    Column("password_hash", Text),
    Column("birth_date", Text),
)

auth_sessions = Table(
    "auth_sessions",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
)

applications = Table(
    "applications",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("owner_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("icon", Text),
    Column("bot_id", BigInteger, ForeignKey("users.id", ondelete="SET NULL"), unique=True),
    Column("bot_public", Boolean, nullable=False),
    Column("bot_require_code_grant", Boolean, nullable=False),
    Column("verify_key", Text, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("tags", JsonTuple(str), nullable=False),
    Column("interactions_endpoint_url", Text),
    Column("role_connections_verification_url", Text),
)

guilds = Table(
    "guilds",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("icon", Text),
    Column("banner", Text),
    Column("splash", Text),
    Column("discovery_splash", Text),
    Column("description", Text),
    Column("region", Text, nullable=False),
    Column("afk_channel_id", BigInteger),
    Column("afk_timeout", Integer, nullable=False),
    Column("system_channel_id", BigInteger),
    Column("system_channel_flags", Integer, nullable=False),
    Column("rules_channel_id", BigInteger),
    Column("public_updates_channel_id", BigInteger),
    Column("safety_alerts_channel_id", BigInteger),
    Column("verification_level", SmallInteger, nullable=False),
    Column("default_message_notifications", SmallInteger, nullable=False),
    Column("explicit_content_filter", SmallInteger, nullable=False),
    Column("mfa_level", SmallInteger, nullable=False),
    Column("nsfw_level", SmallInteger, nullable=False),
    Column("preferred_locale", Text, nullable=False),
    Column("vanity_url_code", Text, unique=True),
    Column("premium_progress_bar_enabled", Boolean, nullable=False),
    Column("features", JsonTuple(str), nullable=False),
    Column("member_count", BigInteger, nullable=False, server_default="0"),  # changes with the rows of members
    Column("vanity_uses", BigInteger, nullable=False, server_default="0"),  # uses of the present vanity code
)

roles = Table(
    "roles",
    metadata,
    Column("id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("permissions", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("color", Integer, nullable=False),
    Column("secondary_color", Integer),
    Column("tertiary_color", Integer),
    Column("hoist", Boolean, nullable=False),
    Column("managed", Boolean, nullable=False),
    Column("mentionable", Boolean, nullable=False),
    Column("icon", Text),
    Column("unicode_emoji", Text),
    Column("bot_id", BigInteger),
    Column("flags", BigInteger, nullable=False),
)

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

members = Table(
    "members",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("joined_ms", BigInteger, nullable=False),
    Column("nick", Text),
    Column("nick_fold", BytewiseText),
    Column("avatar", Text),
    Column("banner", Text),
    Column("bio", Text, nullable=False),
    Column("mute", Boolean, nullable=False),
    Column("deaf", Boolean, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("flags", BigInteger, nullable=False),
    Column("timeout_until_ms", BigInteger, nullable=False),
    Column("is_temporary", Boolean, nullable=False),
    Index("ix_members_guild_id_nick_fold", "guild_id", "nick_fold"),
    sqlite_with_rowid=False,
)

member_roles = Table(
    "member_roles",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("role_id", BigInteger, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True, index=True),
    ForeignKeyConstraint(["guild_id", "user_id"], ["members.guild_id", "members.user_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

bans = Table(
    "bans",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("reason", Text),
    sqlite_with_rowid=False,
)

left_timeouts = Table(
    "left_timeouts",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("until_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The timeouts of members who have left. A return does not end them."""

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

GONE = -1
"""The version of a message's tombstone."""

messages = Table(
    "messages",
    metadata,
    Column("channel_id", BigInteger, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("tts", Boolean, nullable=False),
    Column("mention_everyone", Boolean, nullable=False),
    Column("mention_ids", JsonTuple(int), nullable=False),
    Column("mention_role_ids", JsonTuple(int), nullable=False),
    Column("embeds", RawJson, nullable=False),
    Column("flags", WideInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("edited_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("nonce", Text),
    Column("nonce_is_int", Boolean, nullable=False),
    Column("reference_id", BigInteger),
    Index("ix_messages_author_id_guild_id_id", "author_id", "guild_id", "id"),
    Index("ix_messages_gone", "id", sqlite_where=text("version = -1"), postgresql_where=text("version = -1")),
    sqlite_with_rowid=False,
)
"""Partitioned as in Cassandra, by channel and ten days; no foreign keys, because a deleted guild's messages stay."""

last_messages = Table(
    "last_messages",
    metadata,
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False),
)
"""The newest id ever sent in each channel; deleting the message does not change it."""

nonces = Table(
    "nonces",
    metadata,
    Column("message_id", Snowflake, primary_key=True, autoincrement=False),
    Column("author_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("uq_nonces_author_id_channel_id_nonce", "author_id", "channel_id", "nonce", unique=True),
)
"""The index by message id, which grows with time: the oldest are purged from the front."""

log = Table(
    "log",
    metadata,
    Column("position", Snowflake, primary_key=True, autoincrement=False),
    Column("shard", Integer, nullable=False),
    Column("envelope_id", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("uq_log_shard_position", "shard", "position", unique=True),
)
"""The shards' logs. One counter for all shards, so a shard's positions grow but have gaps."""

log_trims = Table(
    "log_trims",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)
"""The last position of each shard that was trimmed away."""

log_heads = Table(
    "log_heads",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)
"""The newest revision of each shard, in a cluster. A unit of work holds the rows of its shards while it commits."""

outbox = Table(
    "outbox",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The events of a cluster's units of work by shard and revision, until the shard's log has had them for a while."""

session_records = Table(
    "session_records",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("holder", Text, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("first_cut", BigInteger, nullable=False),
    Column("detached_ms", BigInteger, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The sessions that a gateway has, or had when it ended; `core.store.aggregates.session_journal` has the words."""

session_cuts = Table(
    "session_cuts",
    metadata,
    Column("incarnation", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_ms", BigInteger, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("positions", LargeBinary, nullable=False),
    Column("seqs", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The cuts of each incarnation of a gateway. `positions` is a map in MessagePack."""
