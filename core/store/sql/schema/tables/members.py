"""Who is in a guild, with which roles, and who may not come back."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Table, Text

from core.store.sql.schema.columns import BytewiseText
from core.store.sql.schema.metadata import metadata

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
    Column("pronouns", Text, nullable=False, server_default=""),
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
