"""Tombstones of messages, which are rows with the version -1: an index finds the oldest."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the index, which is empty."""
    gone = sa.text("version = -1")
    op.create_index("ix_messages_gone", "messages", ["id"], sqlite_where=gone, postgresql_where=gone)
