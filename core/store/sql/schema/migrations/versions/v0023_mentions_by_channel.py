"""The mentions of a target lie together by channel, so that a count reads no more than it tells."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_KEY = ["target_id", "channel_id", "message_id"]


def upgrade() -> None:
    """Change the primary key. SQLite keeps rows in its order, so there the table is made anew."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("pk_mentions", "mentions")
        op.create_primary_key("pk_mentions", "mentions", _KEY)
        return
    op.create_table(
        "new_mentions",
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("is_ping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_mentions"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO new_mentions (target_id, channel_id, message_id, guild_id, author_id, is_ping) "
        "SELECT target_id, channel_id, message_id, guild_id, author_id, is_ping FROM mentions ORDER BY 1, 2, 3"
    )
    op.drop_table("mentions")
    op.rename_table("new_mentions", "mentions")
    op.create_index("ix_mentions_message_id", "mentions", ["message_id"])
