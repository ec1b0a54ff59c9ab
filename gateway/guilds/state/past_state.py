"""The guild as it was for one member before some of its events: the state of now, with these events undone.

```
 state of now ─ undo the newest ─→ … ─ undo the oldest ─→ the past state, which the same events lead back to now
```

An event tells what it has replaced beside what it says (`core.wire.before`). Each is undone only if the state has what
the event says: else something has changed without a word, and nobody knows when.

A past state has what views and rights of one member depend on: the owner, roles, channels, and that member. Nobody is
online in it or in voice. `last_message_id` of a channel is not beyond the first message that is undone.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from core.domain import events
from core.wire.before import ChannelBefore, DroppedRole, GuildBefore, MemberBefore, RoleBefore
from core.wire.envelope import Envelope
from gateway.guilds.state.channel_state import ChannelState, parse_channel
from gateway.guilds.state.guild_state import (
    GuildState,
    RoleState,
    parse_deleted_role,
    parse_guild_owner,
    parse_role_event,
)
from gateway.guilds.state.member_table import parse_member


class UntoldPastError(Exception):
    """An event does not say what it has replaced, or the state is not what it says."""

    def __init__(self, event: str) -> None:
        super().__init__(event)
        self.event = event


def rewind(state: GuildState, missed: Sequence[Envelope], user_id: int) -> GuildState:
    """Return the state before these events of the guild, which are in their order and are all that came since.

    `state` is left alone. The user must be a member in it, and in all events.

    Raises:
        UntoldPastError: when that is not known.
        msgspec.MsgspecError: when a payload is not what the event's name says.
    """
    past = state.copy_for(user_id)
    for envelope in reversed(missed):
        undo = _UNDO.get(envelope.event)
        if undo is not None:
            undo(past, envelope)
    _hide_newer_messages(past, missed)
    return past


def _hide_newer_messages(past: GuildState, missed: Sequence[Envelope]) -> None:
    first: dict[int, int] = {}
    for envelope in missed:
        if envelope.event == events.MESSAGE_CREATE:
            first.setdefault(envelope.channel_id, envelope.id)
    for channel_id, message_id in first.items():
        channel = past.channels.get(channel_id)
        if channel is not None:
            # Ids rise in a channel, so all messages before have this one or a smaller one.
            channel.last_message_id = message_id - 1
            channel.is_stale = True


def _restore_guild(past: GuildState, envelope: Envelope) -> None:
    if not isinstance(envelope.before, GuildBefore) or parse_guild_owner(envelope.payload) != past.owner_id:
        raise UntoldPastError(envelope.event)
    past.owner_id = envelope.before.owner_id


def _take_role(past: GuildState, envelope: Envelope) -> None:
    if past.roles.pop(parse_role_event(envelope.payload).id, None) is None:
        raise UntoldPastError(envelope.event)


def _restore_role(past: GuildState, envelope: Envelope) -> None:
    told = parse_role_event(envelope.payload)
    role = past.roles.get(told.id)
    if not isinstance(envelope.before, RoleBefore) or role is None or role.permissions != told.permissions:
        raise UntoldPastError(envelope.event)
    past.roles[told.id] = msgspec.structs.replace(role, permissions=envelope.before.permissions)


def _restore_deleted_role(past: GuildState, envelope: Envelope) -> None:
    role_id, before = parse_deleted_role(envelope.payload), envelope.before
    if not isinstance(before, DroppedRole) or role_id in past.roles:
        raise UntoldPastError(envelope.event)
    past.roles[role_id] = RoleState(
        id=role_id, permissions=before.permissions, hoist=False, position=0, raw=msgspec.Raw(b"{}")
    )
    past.members.restore_role(role_id)
    for member in past.members:
        if member.user_id in before.holder_ids:
            member.role_ids |= {role_id}
    for overwrite in before.overwrites:
        channel = past.channels.get(overwrite.channel_id)
        if channel is None:
            raise UntoldPastError(envelope.event)
        channel.add_role_overwrite(role_id, allow=overwrite.allow, deny=overwrite.deny)


def _take_channel(past: GuildState, envelope: Envelope) -> None:
    if past.channels.pop(envelope.channel_id, None) is None:
        raise UntoldPastError(envelope.event)


def _restore_channel(past: GuildState, envelope: Envelope) -> None:
    told, now = parse_channel(envelope.payload), past.channels.get(envelope.channel_id)
    if not isinstance(envelope.before, ChannelBefore) or now is None or not _is_as_told(now, told):
        raise UntoldPastError(envelope.event)
    before = parse_channel(envelope.before.payload)
    if now.last_message_id is not None:
        before.note_message(now.last_message_id)
    past.channels[before.id] = before


def _restore_deleted_channel(past: GuildState, envelope: Envelope) -> None:
    channel = parse_channel(envelope.payload)
    if channel.id in past.channels:
        raise UntoldPastError(envelope.event)
    past.channels[channel.id] = channel


def _is_as_told(now: ChannelState, told: ChannelState) -> bool:
    pairs = ({(item.id, item.allow, item.deny) for item in each.overwrites} for each in (now, told))
    return next(pairs) == next(pairs) and now.is_vocal == told.is_vocal


def _forget_pin(past: GuildState, envelope: Envelope) -> None:
    channel = past.channels.get(envelope.channel_id)
    if channel is not None:
        channel.note_pin(None)


def _restore_member(past: GuildState, envelope: Envelope) -> None:
    member = past.members.find(envelope.user_id)
    if member is None:  # another one than the past is of
        return
    told = parse_member(envelope.payload)
    if not isinstance(envelope.before, MemberBefore) or told.role_ids != member.role_ids:
        raise UntoldPastError(envelope.event)
    member.role_ids = frozenset(envelope.before.role_ids)
    member.timeout_until_ms = envelope.before.timeout_until_ms


_UNDO: Final[Mapping[str, Callable[[GuildState, Envelope], None]]] = {
    events.GUILD_UPDATE: _restore_guild,
    events.GUILD_ROLE_CREATE: _take_role,
    events.GUILD_ROLE_UPDATE: _restore_role,
    events.GUILD_ROLE_DELETE: _restore_deleted_role,
    events.CHANNEL_CREATE: _take_channel,
    events.CHANNEL_UPDATE: _restore_channel,
    events.CHANNEL_DELETE: _restore_deleted_channel,
    events.CHANNEL_PINS_UPDATE: _forget_pin,
    events.GUILD_MEMBER_UPDATE: _restore_member,
}

UNDONE_EVENTS: Final = frozenset(_UNDO)
"""The events that change views and can be undone."""
