"""The pronouns of members, in one guild."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column."""
    op.add_column("members", sa.Column("pronouns", sa.Text(), nullable=False, server_default=""))
