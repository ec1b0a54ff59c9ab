"""The regions of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("region", sa.Text(), nullable=True))
