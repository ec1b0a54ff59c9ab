"""Read states and mentions. What was sent before counts for nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "read_states",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("last_read_id", sa.BigInteger(), nullable=False),
        sa.Column("counted_id", sa.BigInteger(), nullable=False),
        sa.Column("given_count", sa.Integer(), nullable=False),
        sa.Column("last_pin_ms", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("last_viewed", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name="pk_read_states"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mentions",
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("is_ping", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("target_id", "message_id", name="pk_mentions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mentions_message_id", "mentions", ["message_id"])
    op.create_table(
        "dismissed_mentions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "message_id", name="pk_dismissed_mentions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dismissed_mentions_message_id", "dismissed_mentions", ["message_id"])
