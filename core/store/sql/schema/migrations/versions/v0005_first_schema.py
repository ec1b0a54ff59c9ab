"""The first schema, with all tables; the operations are as Alembic's autogenerate writes them out of tables.py.

It is a copy of what tables.py said, because a migration must go on doing the same when tables.py has moved on; a test
holds the end of all migrations against tables.py. Its number is not 0001: five migrations of the time before the first
release led to this very schema, and a database that has had them is up to date as it stands.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = None

_SNOWFLAKE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    _create_cluster()
    _create_accounts()
    _create_applications()
    _create_guilds()
    _create_members()
    _create_bans()
    _create_channels()
    _create_invites()
    _create_messages()
    _create_log()


def _create_cluster() -> None:
    op.create_table(
        "cluster",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("num_shards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cluster"),
    )
    op.create_table(
        "nodes",
        sa.Column("worker_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("process_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "process_id", name="pk_nodes"),
    )


def _create_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_fold", _BYTEWISE, nullable=False),
        sa.Column("username_key", sa.Text(), nullable=True),
        sa.Column("global_name", sa.Text(), nullable=True),
        sa.Column("global_name_fold", _BYTEWISE, nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("banner", sa.Text(), nullable=True),
        sa.Column("accent_color", sa.Integer(), nullable=True),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
    )
    op.create_index("ix_users_username_fold", "users", ["username_fold"])
    op.create_index("ix_users_global_name_fold", "users", ["global_name_fold"])
    op.create_table(
        "auth_sessions",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_auth_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_auth_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_auth_sessions_token_hash"),
    )
    op.create_index("ix_auth_sessions_user_id", "auth_sessions", ["user_id"])


def _create_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("bot_id", sa.BigInteger(), nullable=True),
        sa.Column("bot_public", sa.Boolean(), nullable=False),
        sa.Column("bot_require_code_grant", sa.Boolean(), nullable=False),
        sa.Column("verify_key", sa.Text(), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("interactions_endpoint_url", sa.Text(), nullable=True),
        sa.Column("role_connections_verification_url", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bot_id"], ["users.id"], name="fk_applications_bot_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_applications_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("bot_id", name="uq_applications_bot_id"),
    )
    op.create_index("ix_applications_owner_id", "applications", ["owner_id"])


def _create_guilds() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("banner", sa.Text(), nullable=True),
        sa.Column("splash", sa.Text(), nullable=True),
        sa.Column("discovery_splash", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("afk_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("afk_timeout", sa.Integer(), nullable=False),
        sa.Column("system_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("system_channel_flags", sa.Integer(), nullable=False),
        sa.Column("rules_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("public_updates_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("safety_alerts_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("verification_level", sa.SmallInteger(), nullable=False),
        sa.Column("default_message_notifications", sa.SmallInteger(), nullable=False),
        sa.Column("explicit_content_filter", sa.SmallInteger(), nullable=False),
        sa.Column("mfa_level", sa.SmallInteger(), nullable=False),
        sa.Column("nsfw_level", sa.SmallInteger(), nullable=False),
        sa.Column("preferred_locale", sa.Text(), nullable=False),
        sa.Column("vanity_url_code", sa.Text(), nullable=True),
        sa.Column("premium_progress_bar_enabled", sa.Boolean(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("member_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vanity_uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guilds"),
        sa.UniqueConstraint("vanity_url_code", name="uq_guilds_vanity_url_code"),
    )
    op.create_table(
        "roles",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("permissions", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("color", sa.Integer(), nullable=False),
        sa.Column("secondary_color", sa.Integer(), nullable=True),
        sa.Column("tertiary_color", sa.Integer(), nullable=True),
        sa.Column("hoist", sa.Boolean(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("mentionable", sa.Boolean(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=True),
        sa.Column("unicode_emoji", sa.Text(), nullable=True),
        sa.Column("bot_id", sa.BigInteger(), nullable=True),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_roles_guild_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
    )
    op.create_index("ix_roles_guild_id", "roles", ["guild_id"])


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.Column("nick", sa.Text(), nullable=True),
        sa.Column("nick_fold", _BYTEWISE, nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("banner", sa.Text(), nullable=True),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("mute", sa.Boolean(), nullable=False),
        sa.Column("deaf", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("timeout_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_temporary", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_members_guild_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_members"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_index("ix_members_guild_id_nick_fold", "members", ["guild_id", "nick_fold"])
    op.create_table(
        "member_roles",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id", "user_id"],
            ["members.guild_id", "members.user_id"],
            name="fk_member_roles_guild_id_user_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_member_roles_role_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", "role_id", name="pk_member_roles"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_roles_role_id", "member_roles", ["role_id"])


def _create_bans() -> None:
    op.create_table(
        "bans",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_bans_guild_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bans_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_bans"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bans_user_id", "bans", ["user_id"])
    op.create_table(
        "left_timeouts",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_left_timeouts_guild_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_left_timeouts_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_left_timeouts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_left_timeouts_user_id", "left_timeouts", ["user_id"])


def _create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("nsfw", sa.Boolean(), nullable=False),
        sa.Column("rate_limit_per_user", sa.Integer(), nullable=False),
        sa.Column("bitrate", sa.Integer(), nullable=False),
        sa.Column("user_limit", sa.Integer(), nullable=False),
        sa.Column("rtc_region", sa.Text(), nullable=True),
        sa.Column("video_quality_mode", sa.SmallInteger(), nullable=False),
        sa.Column("default_auto_archive_duration", sa.Integer(), nullable=True),
        sa.Column("default_thread_rate_limit_per_user", sa.Integer(), nullable=False),
        sa.Column("default_sort_order", sa.SmallInteger(), nullable=True),
        sa.Column("default_forum_layout", sa.SmallInteger(), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("overwrites", sa.Text(), nullable=False),
        sa.Column("recipient_ids", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("direct_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_channels_guild_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("direct_key", name="uq_channels_direct_key"),
    )
    op.create_index("ix_channels_guild_id", "channels", ["guild_id"])
    op.create_table(
        "recipients",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_recipients_channel_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name="pk_recipients"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_recipients_channel_id", "recipients", ["channel_id"])


def _create_invites() -> None:
    op.create_table(
        "invites",
        sa.Column("code", sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("inviter_id", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_age_s", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        sa.Column("role_ids", sa.Text(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_invites_channel_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_invites_guild_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code", name="pk_invites"),
    )
    op.create_index("ix_invites_channel_id", "invites", ["channel_id"])
    op.create_index("ix_invites_guild_id", "invites", ["guild_id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tts", sa.Boolean(), nullable=False),
        sa.Column("mention_everyone", sa.Boolean(), nullable=False),
        sa.Column("mention_ids", sa.Text(), nullable=False),
        sa.Column("mention_role_ids", sa.Text(), nullable=False),
        sa.Column("embeds", sa.LargeBinary(), nullable=False),
        sa.Column("flags", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("edited_ms", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("nonce_is_int", sa.Boolean(), nullable=False),
        sa.Column("reference_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("channel_id", "bucket", "id", name="pk_messages"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_messages_author_id_guild_id_id", "messages", ["author_id", "guild_id", "id"])
    op.create_table(
        "last_messages",
        sa.Column("channel_id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_last_messages"),
    )
    op.create_table(
        "nonces",
        sa.Column("message_id", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_nonces"),
    )
    op.create_index("uq_nonces_author_id_channel_id_nonce", "nonces", ["author_id", "channel_id", "nonce"], unique=True)


def _create_log() -> None:
    op.create_table(
        "log",
        sa.Column("position", _SNOWFLAKE, autoincrement=False, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("envelope_id", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_log"),
    )
    op.create_index("uq_log_shard_position", "log", ["shard", "position"], unique=True)
    op.create_table(
        "log_trims",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_log_trims"),
    )
