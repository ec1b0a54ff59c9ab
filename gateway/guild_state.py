"""What a guild is, as far as the gateway must know it: who may view what, and what GUILD_CREATE says.

Made from a snapshot, then changed by the guild's events. A wire object is kept as it came, field by field encoded; only what
permissions are computed from is parsed. Pure: no sessions, no store, no clock. The guild's actor is its only writer.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

import core_ext
from core.domain import events
from core.domain.channel import VOCAL, Channel
from core.domain.guild import GuildSnapshot
from core.domain.member import Member
from core.domain.permissions import TIMEOUT_ALLOWED, Permission
from core.domain.role import Role
from core.wire.objects.channel import render_channel
from core.wire.objects.guild import render_guild
from core.wire.objects.role import render_role
from gateway.member_table import Fields, MemberState, MemberTable, parse_member

_ADMINISTRATOR: Final = int(Permission.ADMINISTRATOR)
_DECIDES_VIEW: Final = int(Permission.VIEW_CHANNEL) | _ADMINISTRATOR
"""A role whose change leaves these two bits alone changes nobody's view."""

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_objects = msgspec.json.Decoder(list[dict[str, Any]]).decode


class _OverwriteView(msgspec.Struct, frozen=True):
    """What is read of an overwrite; named as `core_ext` reads it."""

    id: int
    type: int
    allow: int
    deny: int


class _ChannelView(msgspec.Struct, frozen=True):
    id: int
    type: int = 0
    permission_overwrites: tuple[_OverwriteView, ...] = ()
    last_message_id: int | None = None


class _RoleView(msgspec.Struct, frozen=True):
    id: int
    permissions: int
    hoist: bool = False
    position: int = 0


class _RolePut(msgspec.Struct, frozen=True):
    role: msgspec.Raw


class _RoleDeleted(msgspec.Struct, frozen=True):
    role_id: int


class _GuildView(msgspec.Struct, frozen=True):
    owner_id: int


_decode_channel = msgspec.json.Decoder(_ChannelView, strict=False).decode
_decode_role = msgspec.json.Decoder(_RoleView, strict=False).decode
_decode_role_put = msgspec.json.Decoder(_RolePut).decode
_decode_role_deleted = msgspec.json.Decoder(_RoleDeleted, strict=False).decode
_decode_guild = msgspec.json.Decoder(_GuildView, strict=False).decode


class RoleState(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """A role: its bits, where it stands in member lists, and the object for clients."""

    id: int
    permissions: int
    hoist: bool
    position: int
    raw: msgspec.Raw


class ChannelState(msgspec.Struct, kw_only=True, eq=False):
    """A channel: its overwrites, and the object for clients."""

    id: int
    is_vocal: bool
    """Whether people talk there: its text is for those who may CONNECT."""
    overwrites: tuple[_OverwriteView, ...]
    member_ids: frozenset[int]
    """Members with an overwrite of their own; all others with equal roles see the same."""
    last_message_id: int | None
    raw: msgspec.Raw
    is_stale: bool = False
    """Whether `raw` has an older `last_message_id`. It is patched when somebody asks, not at every message."""

    def encode(self) -> msgspec.Raw:
        """The channel's object, with its newest message's id."""
        if self.is_stale:
            self.is_stale = False
            fields = _decode_fields(self.raw)
            if "last_message_id" in fields:
                self.raw = msgspec.Raw(_encode({**fields, "last_message_id": str(self.last_message_id)}))
        return self.raw

    def note_message(self, message_id: int) -> None:
        """A message was sent here."""
        if self.last_message_id is None or message_id > self.last_message_id:
            self.last_message_id = message_id
            self.is_stale = True

    def drop_overwrite(self, overwrite_id: int) -> None:
        """Whom the overwrite was for is gone."""
        self.overwrites = tuple(item for item in self.overwrites if item.id != overwrite_id)
        fields = _decode_fields(self.raw)
        kept = [item for item in _decode_objects(fields["permission_overwrites"]) if item["id"] != str(overwrite_id)]
        self.raw = msgspec.Raw(_encode({**fields, "permission_overwrites": kept}))


def parse_channel(payload: bytes | msgspec.Raw) -> ChannelState:
    """A channel from a ChannelObject as JSON.

    Raises:
        msgspec.MsgspecError: when it is none.
    """
    seen = _decode_channel(payload)
    return ChannelState(
        id=seen.id,
        is_vocal=seen.type in VOCAL,
        overwrites=seen.permission_overwrites,
        member_ids=frozenset(item.id for item in seen.permission_overwrites if item.type == 1),
        last_message_id=seen.last_message_id,
        raw=msgspec.Raw(payload),
    )


def _parse_role(payload: bytes | msgspec.Raw) -> RoleState:
    seen = _decode_role(payload)
    return RoleState(
        id=seen.id, permissions=seen.permissions, hoist=seen.hoist, position=seen.position, raw=msgspec.Raw(payload)
    )


class Affected(msgspec.Struct, kw_only=True, frozen=True):
    """Whose views a change may have touched: everybody's, those of a role's holders, those of some users."""

    everyone: bool = False
    role_id: int = 0
    user_ids: tuple[int, ...] = ()


NOBODY: Final = Affected()


class GuildState:
    """One guild as of the last event that was applied."""

    __slots__ = ("channels", "fields", "guild_id", "members", "owner_id", "roles")

    def __init__(
        self,
        snapshot: GuildSnapshot,
        *,
        members: Iterable[Member] | None = None,
        last_message_ids: Mapping[int, int] | None = None,
    ) -> None:
        """`members`, when given, are all of the guild's; `last_message_ids` the newest message of each channel."""
        guild = snapshot.guild
        self.guild_id = guild.id
        self.owner_id = guild.owner_id
        self.fields = _without_roles(_encode(render_guild(guild, ())))
        self.roles = {role.id: _role_of(role) for role in snapshot.roles}
        self.channels = {channel.id: _channel_of(channel) for channel in snapshot.channels}
        self.members = MemberTable(count=snapshot.member_count, rows=members)
        for channel_id, message_id in (last_message_ids or {}).items():
            if channel_id in self.channels:
                self.channels[channel_id].note_message(message_id)

    def apply(self, event: str, payload: msgspec.Raw) -> Affected:
        """Take an event of the guild, its roles or its members in; events of channels have methods of their own.

        Raises:
            msgspec.MsgspecError: when the payload is not what the event's name says. Nothing has changed then.
        """
        match event:
            case events.GUILD_UPDATE:
                return self._update_guild(payload)
            case events.GUILD_ROLE_CREATE | events.GUILD_ROLE_UPDATE:
                return self._put_role(payload)
            case events.GUILD_ROLE_DELETE:
                return self._delete_role(payload)
            case events.GUILD_MEMBER_ADD:
                self.members.add(parse_member(payload))
            case events.GUILD_MEMBER_UPDATE:
                member = parse_member(payload)
                self.members.put(member)
                return Affected(user_ids=(member.user_id,))
        return NOBODY

    def put_channel(self, payload: msgspec.Raw) -> tuple[ChannelState | None, ChannelState]:
        """Take a new or changed channel in; how it was before, and how it is.

        Raises:
            msgspec.MsgspecError: when the payload is no channel.
        """
        channel = parse_channel(payload)
        before = self.channels.get(channel.id)
        if before is not None and before.last_message_id is not None:
            channel.note_message(before.last_message_id)
        self.channels[channel.id] = channel
        return before, channel

    def compute_base(self, role_ids: Iterable[int]) -> int:
        """What members with these roles may do in the guild, unless they own it."""
        roles = self.roles
        everyone = roles.get(self.guild_id)
        held = [roles[role_id].permissions for role_id in role_ids if role_id in roles]
        return core_ext.compute_base(False, everyone.permissions if everyone else 0, held)  # noqa: FBT003 - positional

    def base_permissions(self, member: MemberState, *, now_ms: int) -> int:
        """What a member may do in the guild."""
        is_owner = member.user_id == self.owner_id
        base = core_ext.ALL_PERMISSIONS if is_owner else self.compute_base(member.role_ids)
        if member.timeout_until_ms > now_ms and not base & _ADMINISTRATOR:
            return base & TIMEOUT_ALLOWED
        return base

    def channel_permissions(self, member: MemberState, channel: ChannelState, *, now_ms: int) -> int:
        """What a member may do in a channel, before implicit denials."""
        base = self.base_permissions(member, now_ms=now_ms)
        is_timed_out = member.timeout_until_ms > now_ms
        return core_ext.compute_channel(
            base, self.guild_id, member.role_ids, member.user_id, channel.overwrites, timed_out=is_timed_out
        )

    def _update_guild(self, payload: msgspec.Raw) -> Affected:
        owner_id, before = _decode_guild(payload).owner_id, self.owner_id
        self.fields = _without_roles(payload)
        self.owner_id = owner_id
        return NOBODY if owner_id == before else Affected(user_ids=(before, owner_id))

    def _put_role(self, payload: msgspec.Raw) -> Affected:
        role = _parse_role(_decode_role_put(payload).role)
        before = self.roles.get(role.id)
        self.roles[role.id] = role
        self.members.restore_role(role.id)
        if before is not None and not (before.permissions ^ role.permissions) & _DECIDES_VIEW:
            return NOBODY
        return Affected(everyone=True) if role.id == self.guild_id else Affected(role_id=role.id)

    def _delete_role(self, payload: msgspec.Raw) -> Affected:
        role_id = _decode_role_deleted(payload).role_id
        holders = tuple(member.user_id for member in self.members if role_id in member.role_ids)
        self.roles.pop(role_id, None)
        self.members.drop_role(role_id)
        for channel in self.channels.values():
            if any(item.id == role_id for item in channel.overwrites):
                channel.drop_overwrite(role_id)
        return Affected(user_ids=holders)


def _without_roles(payload: bytes | msgspec.Raw) -> Fields:
    fields = _decode_fields(payload)
    fields.pop("roles", None)
    return fields


def _role_of(role: Role) -> RoleState:
    return _parse_role(_encode(render_role(role)))


def _channel_of(channel: Channel) -> ChannelState:
    return parse_channel(_encode(render_channel(channel)))
