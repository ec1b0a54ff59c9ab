"""A guild as a reader of Discord's documentation would keep it: dicts, changed by events, and permissions in a loop.

It is naive on purpose. It shares no code with the product beyond the names of bits, it remembers nothing between two
questions, and it is right by being short.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

VIEW: Final = 1 << 10
SEND: Final = 1 << 11
_ADMINISTRATOR: Final = 1 << 3
_ALL: Final = (1 << 53) - 1

Overwrites = dict[tuple[int, int], tuple[int, int]]
"""(type, id of the role or member) → (allow, deny)."""


class ChannelModel(msgspec.Struct):
    """A channel: who may what in it."""

    overwrites: Overwrites
    name: str = ""


class GuildModel(msgspec.Struct, kw_only=True):
    """A guild. Roles have their permissions, members the ids of their roles."""

    id: int
    owner_id: int
    name: str = ""
    roles: dict[int, int] = {}
    channels: dict[int, ChannelModel] = {}
    members: dict[int, frozenset[int]] = {}
    is_gone: bool = False

    # ---- rights

    def permissions(self, user_id: int, channel_id: int = 0) -> int:
        """Return what a user may do in the guild, or in a channel of it. 0 for strangers."""
        held = self.members.get(user_id)
        if held is None or self.is_gone:
            return 0
        allowed = self.roles.get(self.id, 0)
        for role_id in held:
            allowed |= self.roles.get(role_id, 0)
        if user_id == self.owner_id or allowed & _ADMINISTRATOR:
            return _ALL
        if not channel_id:
            return allowed
        channel = self.channels.get(channel_id)
        return 0 if channel is None else self._overwrite(channel.overwrites, allowed, user_id, held)

    def _overwrite(self, overwrites: Overwrites, allowed: int, user_id: int, held: Iterable[int]) -> int:
        allow, deny = overwrites.get((0, self.id), (0, 0))
        allowed = allowed & ~deny | allow
        allow = deny = 0
        for role_id in held:
            one_allow, one_deny = overwrites.get((0, role_id), (0, 0))
            allow, deny = allow | one_allow, deny | one_deny
        allowed = allowed & ~deny | allow
        allow, deny = overwrites.get((1, user_id), (0, 0))
        return allowed & ~deny | allow

    def may_view(self, user_id: int, channel_id: int) -> bool:
        """Whether the channel exists and the user sees it."""
        return channel_id in self.channels and bool(self.permissions(user_id, channel_id) & VIEW)

    def may_send(self, user_id: int, channel_id: int) -> bool:
        """Whether the user may send there."""
        return channel_id in self.channels and self.permissions(user_id, channel_id) & (VIEW | SEND) == VIEW | SEND

    # ---- events

    def apply(self, event: str, d: Any) -> bool:
        """Take an event in. Return whether it may have changed rights."""
        match event:
            case "GUILD_UPDATE":
                self.owner_id, self.name = int(d["owner_id"]), d["name"]
            case "GUILD_DELETE":
                self.is_gone = True
            case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
                self.roles[int(d["role"]["id"])] = int(d["role"]["permissions"])
            case "GUILD_ROLE_DELETE":
                self._drop_role(int(d["role_id"]))
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
                self.channels[int(d["id"])] = channel_of(d)
            case "CHANNEL_DELETE":
                self.channels.pop(int(d["id"]), None)
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
                self.members[int(d["user"]["id"])] = frozenset(map(int, d["roles"]))
            case "GUILD_MEMBER_REMOVE":
                self.members.pop(int(d["user"]["id"]), None)
            case _:
                return False
        return True

    def _drop_role(self, role_id: int) -> None:
        self.roles.pop(role_id, None)
        self.members = {user_id: held - {role_id} for user_id, held in self.members.items()}


def channel_of(d: Any) -> ChannelModel:
    """Read a channel's object."""
    overwrites = {
        (each["type"], int(each["id"])): (int(each["allow"]), int(each["deny"]))
        for each in d.get("permission_overwrites", ())
    }
    return ChannelModel(overwrites, d.get("name", ""))


def guild_of(d: Any) -> GuildModel:
    """Read a guild of GUILD_CREATE or of READY."""
    return GuildModel(
        id=int(d["id"]),
        owner_id=int(d["owner_id"]),
        name=d["name"],
        roles={int(role["id"]): int(role["permissions"]) for role in d["roles"]},
        channels={int(channel["id"]): channel_of(channel) for channel in d["channels"]},
        members={int(member["user"]["id"]): frozenset(map(int, member["roles"])) for member in d["members"]},
    )
