"""Invites: how often a guild's vanity code was used, and the roles that an invite gives."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing was counted and no roles were given before."""
    op.add_column("guilds", sa.Column("vanity_uses", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("invites", sa.Column("role_ids", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    """The inverse."""
    op.drop_column("invites", "role_ids")
    op.drop_column("guilds", "vanity_uses")
