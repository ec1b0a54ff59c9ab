"""Who is in which voice channel."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "voice_states",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("self_mute", sa.Boolean(), nullable=False),
        sa.Column("self_deaf", sa.Boolean(), nullable=False),
        sa.Column("self_video", sa.Boolean(), nullable=False),
        sa.Column("suppress", sa.Boolean(), nullable=False),
        sa.Column("request_to_speak_ms", sa.BigInteger(), nullable=False),
        sa.Column("was_moved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_voice_states"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_voice_states_channel_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_voice_states_channel_id", "voice_states", ["channel_id"])
