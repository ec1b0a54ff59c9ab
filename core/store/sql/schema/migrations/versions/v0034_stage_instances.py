"""The stages that are live."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "stage_instances",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("privacy_level", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_stage_instances"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_stage_instances_channel_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stage_instances_guild_id", "stage_instances", ["guild_id"])
