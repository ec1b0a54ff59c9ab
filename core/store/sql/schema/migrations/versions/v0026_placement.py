"""What operators want of a cluster's shard map, and the count of its controllers' terms."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create the tables; no controller has had a term yet."""
    op.create_table(
        "shard_pins",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_shard_pins"),
    )
    op.create_table(
        "drained_workers",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name="pk_drained_workers"),
    )
    op.add_column("cluster", sa.Column("map_term", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("cluster", sa.Column("is_rebalancing", sa.Boolean(), nullable=False, server_default=sa.false()))
