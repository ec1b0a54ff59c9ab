"""Direct channels can be closed for one of the two, and group channels have icons."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the columns: all direct channels are open, and there are no groups yet."""
    op.add_column("channels", sa.Column("closed_for", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("channels", sa.Column("icon", sa.Text()))
