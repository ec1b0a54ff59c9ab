"""What people have set for themselves: settings, settings of guilds, notes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "user_settings",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("preloaded_proto", sa.LargeBinary(), nullable=False),
        sa.Column("frecency_proto", sa.LargeBinary(), nullable=False),
        sa.Column("notification_flags", sa.BigInteger(), nullable=False),
        sa.Column("pronouns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_settings"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_settings_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "guild_settings",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "guild_id", name="pk_guild_settings"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_guild_settings_user_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "about_id", name="pk_notes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notes_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["about_id"], ["users.id"], name="fk_notes_about_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notes_about_id", "notes", ["about_id"])
