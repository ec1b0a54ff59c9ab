"""Roles on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.guilds.role import Role


class RoleColors(msgspec.Struct, kw_only=True):
    """The colours of a role. Only the first is always there."""

    primary_color: int
    secondary_color: int | None = None
    tertiary_color: int | None = None


class RoleTags(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The owner of a managed role."""

    bot_id: str | None = None


class RoleObject(msgspec.Struct, kw_only=True):
    """A role (GuildRoleResponse)."""

    id: str
    name: str
    description: str | None = None
    permissions: str
    position: int
    color: int
    colors: RoleColors
    hoist: bool
    managed: bool
    mentionable: bool
    icon: str | None = None
    unicode_emoji: str | None = None
    flags: int = 0
    tags: RoleTags | UnsetType = UNSET


class RoleEvent(msgspec.Struct, kw_only=True):
    """GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE."""

    guild_id: str
    role: RoleObject


class RoleDeleted(msgspec.Struct, kw_only=True):
    """GUILD_ROLE_DELETE."""

    guild_id: str
    role_id: str


def render_role(role: Role) -> RoleObject:
    """Return the role's object."""
    return RoleObject(
        id=str(role.id),
        name=role.name,
        permissions=str(role.permissions),
        position=role.position,
        color=role.color,
        colors=RoleColors(
            primary_color=role.color, secondary_color=role.secondary_color, tertiary_color=role.tertiary_color
        ),
        hoist=role.hoist,
        managed=role.managed,
        mentionable=role.mentionable,
        icon=role.icon,
        unicode_emoji=role.unicode_emoji,
        flags=role.flags,
        tags=UNSET if role.bot_id is None else RoleTags(bot_id=str(role.bot_id)),
    )
