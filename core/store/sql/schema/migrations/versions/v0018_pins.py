"""Pins, and when a channel got its last one."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the table, and add the column."""
    op.create_table(
        "pins",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("pinned_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "message_id", name="pk_pins"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_pins_channel_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_pins_channel_id_pinned_ms", "pins", ["channel_id", "pinned_ms"], unique=True)
    op.add_column("channels", sa.Column("last_pin_ms", sa.BigInteger(), nullable=False, server_default="0"))
