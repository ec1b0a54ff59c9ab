"""When people were last seen, of those who want that kept."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "last_seen",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_by", sa.SmallInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_last_seen"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_last_seen_user_id", ondelete="CASCADE"),
    )
