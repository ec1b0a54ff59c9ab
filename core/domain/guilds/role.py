"""Roles. The role whose id is the guild's id is @everyone."""

import msgspec


class Role(msgspec.Struct, kw_only=True, frozen=True):
    """A named set of permissions with a place in the guild's hierarchy (`position`, then the lower id is higher)."""

    id: int
    guild_id: int
    name: str
    permissions: int = 0
    position: int = 0
    color: int = 0
    secondary_color: int | None = None
    tertiary_color: int | None = None
    hoist: bool = False
    managed: bool = False
    mentionable: bool = False
    icon: str | None = None
    unicode_emoji: str | None = None
    bot_id: int | None = None
    """The bot of a managed role, which comes and goes with it."""
    flags: int = 0
