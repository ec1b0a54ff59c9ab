"""Guilds and their roles."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, SmallInteger, Table, Text

from core.store.sql.schema.columns import JsonTuple, Snowflake
from core.store.sql.schema.metadata import metadata

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
