"""The numbers that a database was made with. The first start after this migration writes them down: only it knows them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Two tables, empty."""
    op.create_table(
        "cluster",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("num_shards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cluster"),
    )
    op.create_table(
        "nodes",
        sa.Column("worker_id", sa.SmallInteger(), nullable=False),
        sa.Column("process_id", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "process_id", name="pk_nodes"),
    )


def downgrade() -> None:
    """The inverse."""
    op.drop_table("nodes")
    op.drop_table("cluster")
