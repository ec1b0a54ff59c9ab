"""Timeouts of members who have left: coming back does not end them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A table, empty: those who left before are not known."""
    op.create_table(
        "left_timeouts",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_left_timeouts_guild_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_left_timeouts_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_left_timeouts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_left_timeouts_user_id", "left_timeouts", ["user_id"])


def downgrade() -> None:
    """The inverse."""
    op.drop_table("left_timeouts")
