"""The revision of each event in the log.

Rows from before have none. No reader needs it: their readers are sessions, and none of that time can be resumed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, which rewrites no row."""
    op.add_column("log", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
