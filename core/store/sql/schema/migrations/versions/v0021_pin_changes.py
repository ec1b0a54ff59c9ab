"""Changes of pins that their messages do not show yet."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "pin_changes",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "message_id", name="pk_pin_changes"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_pin_changes_channel_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
