"""The generation of the logs of a cluster, counted here, so that an emptied Redis never goes back to an old one."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the count, which no log has used yet."""
    op.add_column("cluster", sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"))
