"""How far the logs were followed for the places of authors, and when a channel was marked as unread."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table, and add the column."""
    op.create_table(
        "followed_logs",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_followed_logs"),
    )
    op.add_column("read_states", sa.Column("marked_id", sa.BigInteger(), nullable=False, server_default="0"))
