"""The live state of a guild, as far as the gateway needs it: for views and for GUILD_CREATE.

It is made from a snapshot and then changed by the guild's events. A wire object is kept as it came, each field still
encoded; only the fields that permissions depend on are parsed. `apply` returns the change of an event as a value
(`gateway.guilds.state.guild_changes`), by which observers follow the state. Pure: no sessions, no store, no clock. The
guild's actor is its only writer.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, Final

import msgspec

from core.domain import events
from core.domain.guilds.guild import GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import TIMEOUT_ALLOWED, Permission
from core.domain.guilds.role import Role
from core.wire.envelope import Envelope
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.role import render_role
from core.wire.objects.guilds.stage_instance import render_stage_instance
from core_ext.guild import ALL_PERMISSIONS, compute_base, compute_channel
from gateway.guilds.state.channel_state import ChannelState, from_row, parse_channel
from gateway.guilds.state.guild_changes import (
    MESSAGE_ADDED,
    Change,
    ChannelDeleted,
    ChannelPut,
    GuildChanged,
    MemberAdded,
    MemberChanged,
    MemberReleased,
    MemberRemoved,
    MessageAdded,
    PresenceChanged,
    RoleDeleted,
    RolePut,
    VoiceChanged,
)
from gateway.guilds.state.member_table import Fields, MemberState, MemberTable, parse_member
from gateway.guilds.state.voice_table import VoiceTable, parse_voice

_ADMINISTRATOR: Final = int(Permission.ADMINISTRATOR)
_DECIDES_VIEW: Final = int(Permission.VIEW_CHANNEL) | _ADMINISTRATOR
"""The bits of a role that views depend on. A change that leaves them alone changes nobody's view."""

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode


class _RoleFields(msgspec.Struct, frozen=True):
    id: int
    permissions: int
    hoist: bool = False
    position: int = 0


class _RolePut(msgspec.Struct, frozen=True):
    role: msgspec.Raw


class _RoleDeleted(msgspec.Struct, frozen=True):
    role_id: int


class _Identified(msgspec.Struct, frozen=True):
    id: int


class _PinFields(msgspec.Struct, frozen=True):
    last_pin_timestamp: str | None = None


class _GuildFields(msgspec.Struct, frozen=True):
    owner_id: int


_decode_role = msgspec.json.Decoder(_RoleFields, strict=False).decode
_decode_role_put = msgspec.json.Decoder(_RolePut).decode
_decode_role_deleted = msgspec.json.Decoder(_RoleDeleted, strict=False).decode
_decode_pin = msgspec.json.Decoder(_PinFields).decode
_decode_identified = msgspec.json.Decoder(_Identified, strict=False).decode
_decode_guild = msgspec.json.Decoder(_GuildFields, strict=False).decode


class RoleState(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """A role: its permissions, its place in member lists, and the object for clients."""

    id: int
    permissions: int
    hoist: bool
    position: int
    raw: msgspec.Raw


def parse_role_event(payload: bytes | msgspec.Raw) -> RoleState:
    """Parse `d` of GUILD_ROLE_CREATE or GUILD_ROLE_UPDATE. Raises MsgspecError, as all parsers here."""
    return _parse_role(_decode_role_put(payload).role)


def parse_deleted_role(payload: bytes | msgspec.Raw) -> int:
    """Return the role's id in `d` of GUILD_ROLE_DELETE."""
    return _decode_role_deleted(payload).role_id


def parse_guild_owner(payload: bytes | msgspec.Raw) -> int:
    """Return the owner's id in `d` of GUILD_UPDATE."""
    return _decode_guild(payload).owner_id


def _parse_role(payload: bytes | msgspec.Raw) -> RoleState:
    seen = _decode_role(payload)
    return RoleState(
        id=seen.id, permissions=seen.permissions, hoist=seen.hoist, position=seen.position, raw=msgspec.Raw(payload)
    )


class GuildState:
    """One guild at the last event that was applied."""

    __slots__ = ("channels", "fields", "guild_id", "members", "owner_id", "presences", "roles", "voice")

    def __init__(
        self,
        snapshot: GuildSnapshot,
        *,
        members: Iterable[Member] | None = None,
        last_message_ids: Mapping[int, int] | None = None,
    ) -> None:
        """`members`, when given, are all members. `last_message_ids` has the newest message of each channel."""
        guild = snapshot.guild
        self.guild_id = guild.id
        self.owner_id = guild.owner_id
        self.fields = _without_roles(_encode(render_guild(guild, ())))
        self.roles = {role.id: _role_of(role) for role in snapshot.roles}
        newest = last_message_ids or {}
        self.channels = {each.id: from_row(each, newest.get(each.id)) for each in snapshot.channels}
        for stage in snapshot.stages:
            if stage.channel_id in self.channels:
                self.channels[stage.channel_id].stage = msgspec.Raw(_encode(render_stage_instance(stage)))
        self.members = MemberTable(count=snapshot.member_count, rows=members)
        self.presences: dict[int, msgspec.Raw] = {}
        """The presences of the users who are connected here and not offline, as in GUILD_CREATE."""
        self.voice = VoiceTable(snapshot.in_voice)

    def copy_for(self, user_id: int) -> "GuildState":
        """Return a copy of its own, with this member alone (held), and nobody online or in voice."""
        copied = GuildState.__new__(GuildState)
        copied.guild_id, copied.owner_id, copied.fields = self.guild_id, self.owner_id, self.fields
        copied.roles = dict(self.roles)
        copied.channels = {each.id: copy(each) for each in self.channels.values()}
        copied.members = MemberTable(count=self.members.count)
        copied.members.hold(user_id)
        member = self.members.find(user_id)
        if member is not None:
            copied.members.put(copy(member))
        copied.presences = {}
        copied.voice = VoiceTable(())
        return copied

    def apply(self, envelope: Envelope) -> Change | None:
        """Apply an event. Return its change, or None when it changes nothing. PRESENCE_UPDATE has a method of its own.

        Raises:
            msgspec.MsgspecError: when the payload is not what the event's name says. Nothing has changed then.
        """
        applier = APPLIERS.get(envelope.event)
        return None if applier is None else applier(self, envelope)

    def note_message(self, envelope: Envelope) -> MessageAdded | None:
        """Apply MESSAGE_CREATE, the most frequent event."""
        channel = self.channels.get(envelope.channel_id)
        if channel is None:
            return None
        channel.note_message(envelope.id)
        return MESSAGE_ADDED

    def _note_pin(self, envelope: Envelope) -> MessageAdded | None:
        channel = self.channels.get(envelope.channel_id)
        if channel is None:
            return None
        channel.note_pin(_decode_pin(envelope.payload).last_pin_timestamp)
        return MESSAGE_ADDED

    def fields_of(self, *names: str) -> dict[str, Any]:
        """Return the values of some of the guild's fields."""
        return {name: msgspec.json.decode(self.fields[name]) for name in names}

    def put_presence(self, user_id: int, presence: msgspec.Raw | None) -> PresenceChanged | None:
        """Set the presence of a connected user. None is offline."""
        if presence == self.presences.get(user_id):
            return None
        if presence is None:
            del self.presences[user_id]
        else:
            self.presences[user_id] = presence
        return PresenceChanged(user_id)

    def release(self, user_id: int) -> MemberReleased:
        """Release a user, one of whose sessions has gone: the inverse of `members.hold`."""
        self.members.release(user_id)
        return MemberReleased(user_id)

    def compute_base(self, role_ids: Iterable[int]) -> int:
        """Compute the permissions of members with these roles in the guild, unless they own it."""
        roles = self.roles
        everyone = roles.get(self.guild_id)
        held = [roles[role_id].permissions for role_id in role_ids if role_id in roles]
        return compute_base(False, everyone.permissions if everyone else 0, held)  # noqa: FBT003 - positional

    def base_permissions(self, member: MemberState, *, now_ms: int) -> int:
        """Compute a member's permissions in the guild."""
        is_owner = member.user_id == self.owner_id
        base = ALL_PERMISSIONS if is_owner else self.compute_base(member.role_ids)
        if member.timeout_until_ms > now_ms and not base & _ADMINISTRATOR:
            return base & TIMEOUT_ALLOWED
        return base

    def channel_permissions(self, member: MemberState, channel: ChannelState, *, now_ms: int) -> int:
        """Compute a member's permissions in a channel, before implicit denials."""
        base = self.base_permissions(member, now_ms=now_ms)
        is_timed_out = member.timeout_until_ms > now_ms
        return compute_channel(
            base, self.guild_id, member.role_ids, member.user_id, channel.overwrites, timed_out=is_timed_out
        )

    def _update_guild(self, envelope: Envelope) -> GuildChanged:
        owner_id, before = parse_guild_owner(envelope.payload), self.owner_id
        self.fields = _without_roles(envelope.payload)
        self.owner_id = owner_id
        return GuildChanged(owner_ids=() if owner_id == before else (before, owner_id))

    def _put_role(self, envelope: Envelope) -> RolePut:
        role = parse_role_event(envelope.payload)
        before = self.roles.get(role.id)
        self.roles[role.id] = role
        self.members.restore_role(role.id)
        decides_views = before is None or bool((before.permissions ^ role.permissions) & _DECIDES_VIEW)
        return RolePut(role.id, decides_views)

    def _delete_role(self, envelope: Envelope) -> RoleDeleted:
        role_id = parse_deleted_role(envelope.payload)
        holders = tuple(member.user_id for member in self.members if role_id in member.role_ids)
        self.roles.pop(role_id, None)
        self.members.drop_role(role_id)
        self.voice.drop_role(role_id)
        for channel in self.channels.values():
            if any(item.id == role_id for item in channel.overwrites):
                channel.drop_overwrite(role_id)
        return RoleDeleted(role_id, holders)

    def _put_channel(self, envelope: Envelope) -> ChannelPut:
        channel = parse_channel(envelope.payload)
        before = self.channels.get(channel.id)
        if before is not None and before.last_message_id is not None:
            channel.note_message(before.last_message_id)
        channel.stage = None if before is None else before.stage
        self.channels[channel.id] = channel
        return ChannelPut(before, channel)

    def _delete_channel(self, envelope: Envelope) -> ChannelDeleted:
        channel_id = _decode_identified(envelope.payload).id
        self.channels.pop(channel_id, None)
        return ChannelDeleted(channel_id)

    def _put_stage(self, envelope: Envelope) -> MessageAdded | None:
        return self._set_stage(envelope.channel_id, msgspec.Raw(envelope.payload))

    def _end_stage(self, envelope: Envelope) -> MessageAdded | None:
        return self._set_stage(envelope.channel_id, None)

    def _set_stage(self, channel_id: int, stage: msgspec.Raw | None) -> MessageAdded | None:
        """Set a channel's stage instance, which is shown beside the channels, as newest messages are."""
        channel = self.channels.get(channel_id)
        if channel is None:
            return None
        channel.stage = stage
        return MESSAGE_ADDED

    def _add_member(self, envelope: Envelope) -> MemberAdded:
        member = parse_member(envelope.payload)
        self.members.add(member)
        return MemberAdded(member.user_id)

    def _put_member(self, envelope: Envelope) -> MemberChanged:
        member = parse_member(envelope.payload)
        self.members.put(member)
        self.voice.put_member(member)
        return MemberChanged(member.user_id)

    def _remove_member(self, envelope: Envelope) -> MemberRemoved:
        self.members.remove(envelope.user_id)
        return MemberRemoved(envelope.user_id)

    def _put_voice(self, envelope: Envelope) -> VoiceChanged:
        user_id = envelope.user_id
        return VoiceChanged(user_id, self.voice.put(user_id, parse_voice(envelope.payload)))


APPLIERS: Final[Mapping[str, Callable[[GuildState, Envelope], Change | None]]] = {
    events.MESSAGE_CREATE: GuildState.note_message,
    events.GUILD_UPDATE: GuildState._update_guild,
    events.GUILD_ROLE_CREATE: GuildState._put_role,
    events.GUILD_ROLE_UPDATE: GuildState._put_role,
    events.GUILD_ROLE_DELETE: GuildState._delete_role,
    events.CHANNEL_CREATE: GuildState._put_channel,
    events.CHANNEL_UPDATE: GuildState._put_channel,
    events.CHANNEL_DELETE: GuildState._delete_channel,
    events.CHANNEL_PINS_UPDATE: GuildState._note_pin,
    events.GUILD_MEMBER_ADD: GuildState._add_member,
    events.GUILD_MEMBER_UPDATE: GuildState._put_member,
    events.GUILD_MEMBER_REMOVE: GuildState._remove_member,
    events.VOICE_STATE_UPDATE: GuildState._put_voice,
    events.STAGE_INSTANCE_CREATE: GuildState._put_stage,
    events.STAGE_INSTANCE_UPDATE: GuildState._put_stage,
    events.STAGE_INSTANCE_DELETE: GuildState._end_stage,
}
"""The events that change the state. All others are only passed on."""


def _without_roles(payload: bytes | msgspec.Raw) -> Fields:
    fields = _decode_fields(payload)
    fields.pop("roles", None)
    return fields


def _role_of(role: Role) -> RoleState:
    return _parse_role(_encode(render_role(role)))
