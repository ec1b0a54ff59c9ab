"""Webhooks, and the copies that they make of published messages."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_DUE = sa.text("change_id > 0")


def upgrade() -> None:
    """Create the tables, and add the columns of messages."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("source_guild_id", sa.BigInteger(), nullable=False),
        sa.Column("source_channel_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_webhooks_guild_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_webhooks_channel_id", ondelete="CASCADE"),
    )
    op.create_index("ix_webhooks_guild_id", "webhooks", ["guild_id"])
    op.create_index("ix_webhooks_channel_id", "webhooks", ["channel_id"])
    op.create_index("ix_webhooks_source_channel_id", "webhooks", ["source_channel_id"])
    op.create_table(
        "crossposts",
        sa.Column("source_message_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("source_channel_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("copy_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_message_id", "webhook_id", name="pk_crossposts"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_crossposts_webhook_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_crossposts_webhook_id", "crossposts", ["webhook_id"])
    op.create_index("ix_crossposts_change_id", "crossposts", ["change_id"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.add_column("messages", sa.Column("webhook", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("source", sa.Text(), nullable=True))
