"""Reactions, and what messages show of them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "reactions",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("is_burst", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "message_id", "emoji", "is_burst", "user_id", name="pk_reactions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reaction_counts",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "message_id", name="pk_reaction_counts"),
        sqlite_with_rowid=False,
    )
