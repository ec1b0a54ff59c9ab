"""The pronouns of members, in one guild."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column."""
    op.add_column("members", sa.Column("pronouns", sa.Text(), nullable=False, server_default=""))
