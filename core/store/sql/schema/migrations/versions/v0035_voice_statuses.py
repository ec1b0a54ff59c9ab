"""Statuses of voice channels."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "voice_statuses",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_voice_statuses"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_voice_statuses_channel_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_voice_statuses_guild_id", "voice_statuses", ["guild_id"])
