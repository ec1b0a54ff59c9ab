"""Relationships of people."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "relationships",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("nickname", sa.Text()),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "other_id", name="pk_relationships"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_relationships_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["users.id"], name="fk_relationships_other_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_relationships_other_id", "relationships", ["other_id"])
