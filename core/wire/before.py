"""What an event has replaced: the former state of whatever decides who views what in a guild.

The event itself tells the new state. With the former one beside it in the log, a guild can be taken back, event by
event, to how it was when a session was dispatched the last one (`gateway.guilds.state.past_state`). It is made in the
unit of work that makes the change, from rows that nobody else can change meanwhile, and never leaves the server.
"""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

import msgspec

from core.domain.channels.channel import Channel
from core.domain.guilds.member import Member
from core.domain.guilds.role import Role
from core.wire.objects.channels.channel import render_channel

MAX_HOLDERS: Final = 2000
"""The most holders of a deleted role that are kept: 20 kB in the log. Behind more, nobody can be taken back."""

_encode: Final = msgspec.json.Encoder().encode


class GuildBefore(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """GUILD_UPDATE."""

    owner_id: int


class RoleBefore(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """GUILD_ROLE_UPDATE."""

    permissions: int


class RoleOverwrite(msgspec.Struct, frozen=True, array_like=True):
    """The overwrite that a role had in a channel."""

    channel_id: int
    allow: int
    deny: int


class DroppedRole(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """GUILD_ROLE_DELETE, which takes the role from members and channels without another word."""

    permissions: int
    holder_ids: tuple[int, ...]
    overwrites: tuple[RoleOverwrite, ...]


class MemberBefore(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """GUILD_MEMBER_UPDATE."""

    role_ids: tuple[int, ...]
    timeout_until_ms: int


class ChannelBefore(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """CHANNEL_UPDATE. CHANNEL_DELETE shows the channel itself."""

    payload: bytes
    """The channel's object in JSON. Its `last_message_id` says nothing."""


Before: TypeAlias = GuildBefore | RoleBefore | DroppedRole | MemberBefore | ChannelBefore


def before_channel(channel: Channel) -> ChannelBefore:
    """Keep a channel of a guild, which is about to change."""
    return ChannelBefore(_encode(render_channel(channel)))


def before_member(member: Member) -> MemberBefore:
    """Keep the part of a member that views and rights depend on."""
    return MemberBefore(tuple(member.role_ids), member.timeout_until_ms)


def before_drop(role: Role, channels: Iterable[Channel], holder_ids: Collection[int]) -> DroppedRole | None:
    """Keep a role that is about to be deleted. None: it has more than `MAX_HOLDERS`."""
    if len(holder_ids) > MAX_HOLDERS:
        return None
    overwrites = tuple(
        RoleOverwrite(channel.id, item.allow, item.deny)
        for channel in channels
        for item in channel.overwrites
        if item.id == role.id
    )
    return DroppedRole(role.permissions, tuple(holder_ids), overwrites)
