"""Messages that show another one."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("forward", sa.Text(), nullable=True))
