"""Who shares a screen in voice."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the column."""
    op.add_column("voice_states", sa.Column("self_stream", sa.Boolean(), nullable=False, server_default=sa.false()))
