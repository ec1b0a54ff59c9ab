"""Calls from client to client: who allows them, and who in a call agrees. Nobody has until now."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("user_settings", sa.Column("peer_to_peer", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("calls", sa.Column("peering", sa.Text()))
