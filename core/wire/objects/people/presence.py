"""Presences on the wire."""

from typing import Any

import msgspec


class PresenceUser(msgspec.Struct, kw_only=True):
    """The user of a presence. Clients know its name already."""

    id: str


class PresenceObject(msgspec.Struct, kw_only=True):
    """PRESENCE_UPDATE's `d`, and with `guild_id` left out an entry of GUILD_CREATE's `presences`."""

    user: PresenceUser
    user_id: str | msgspec.UnsetType = msgspec.UNSET
    """The user once more, in the presences of friends."""
    guild_id: str | msgspec.UnsetType = msgspec.UNSET
    status: str
    activities: list[dict[str, Any]]
    client_status: dict[str, str]
