"""Avatars, banners and icons have rows. Those that are shown get one; older ones cannot be found any more."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_SHOWN = (
    ("avatars", "avatar", "id", "0", "users"),
    ("banners", "banner", "id", "0", "users"),
    ("icons", "icon", "owner_id", "id", "guilds"),
    ("banners", "banner", "owner_id", "id", "guilds"),
    ("splashes", "splash", "owner_id", "id", "guilds"),
    ("discovery-splashes", "discovery_splash", "owner_id", "id", "guilds"),
    ("role-icons", "icon", "0", "guild_id", "roles"),
    ("app-icons", "icon", "owner_id", "0", "applications"),
    ("channel-icons", "icon", "coalesce(owner_id, 0)", "0", "channels"),
)
"""The folder of each kind, and of who shows it the name, whose it is, the guild, and the table."""


def upgrade() -> None:
    """Create the table, and fill it with what is shown."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "pictures",
        sa.Column("folder", text, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("unused_since_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("folder", "name", name="pk_pictures"),
    )
    for folder, name, user_id, guild_id, table in _SHOWN:
        _fill(f"'{folder}/' || CAST(id AS TEXT)", name, user_id, guild_id, table)
    for field in ("avatar", "banner"):
        folder = f"'guilds/' || CAST(guild_id AS TEXT) || '/users/' || CAST(user_id AS TEXT) || '/{field}s'"
        _fill(folder, field, "user_id", "guild_id", "members")
    op.create_index("ix_pictures_user_id_size", "pictures", ["user_id", "size"])
    op.create_index("ix_pictures_guild_id_size", "pictures", ["guild_id", "size"])
    unused = sa.text("unused_since_ms > 0")
    op.create_index(
        "ix_pictures_unused_since_ms", "pictures", ["unused_since_ms"], sqlite_where=unused, postgresql_where=unused
    )


def _fill(folder: str, name: str, user_id: str, guild_id: str, table: str) -> None:
    op.execute(
        "INSERT INTO pictures (folder, name, user_id, guild_id, size, unused_since_ms, is_gone) "  # noqa: S608 - constants
        f"SELECT {folder}, {name}, {user_id}, {guild_id}, 0, 0, false FROM {table} WHERE {name} IS NOT NULL"
    )
