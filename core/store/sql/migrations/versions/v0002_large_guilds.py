"""Large guilds: their members are counted as they come and go, and found by name through indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Count what is there, and index the names."""
    op.add_column("guilds", sa.Column("member_count", sa.BigInteger(), server_default="0", nullable=False))
    guilds = sa.table("guilds", sa.column("id"), sa.column("member_count"))
    members = sa.table("members", sa.column("guild_id"))
    counted = sa.select(sa.func.count()).where(members.c.guild_id == guilds.c.id).scalar_subquery()
    op.execute(guilds.update().values(member_count=counted))
    op.create_index("ix_users_username_fold", "users", ["username_fold"])
    op.create_index("ix_users_global_name_fold", "users", ["global_name_fold"])
    op.create_index("ix_members_guild_id_nick_fold", "members", ["guild_id", "nick_fold"])


def downgrade() -> None:
    """The inverse."""
    op.drop_index("ix_members_guild_id_nick_fold", "members")
    op.drop_index("ix_users_global_name_fold", "users")
    op.drop_index("ix_users_username_fold", "users")
    op.drop_column("guilds", "member_count")
