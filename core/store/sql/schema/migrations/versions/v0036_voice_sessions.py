"""The log of voice."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "voice_sessions",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=True),
        sa.Column("bytes_received", sa.BigInteger(), nullable=True),
        sa.Column("peak_loss", sa.Double(), nullable=True),
        sa.Column("mean_rtt_ms", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "began_ms", "user_id", name="pk_voice_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_voice_sessions_ended_ms", "voice_sessions", ["ended_ms"])
