"""Who shows others how far it has read. Nobody has until now."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the column."""
    op.add_column("user_settings", sa.Column("read_receipts", sa.Boolean(), nullable=False, server_default=sa.false()))
