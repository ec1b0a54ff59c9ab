"""Calls in private channels."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Create the table, and the column of messages that tell of calls."""
    op.create_table(
        "calls",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("starter_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("participant_ids", sa.Text(), nullable=False),
        sa.Column("rings", sa.Text(), nullable=False),
        sa.Column("next_end_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_calls"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_calls_channel_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    is_ringing = sa.text("next_end_ms > 0")
    op.create_index(
        "ix_calls_next_end_ms", "calls", ["next_end_ms"], sqlite_where=is_ringing, postgresql_where=is_ringing
    )
    op.add_column("messages", sa.Column("call", sa.Text(), nullable=True))
