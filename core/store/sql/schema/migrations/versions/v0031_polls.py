"""Polls of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("poll", sa.Text(), nullable=True))
