"""GUILD_CREATE: a guild as one session sees it, put together from parts that are encoded already. Pure.

Source: Discord's documentation, "Guild Create"; what client libraries read of it is held by the end-to-end tests.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from core.domain.intents import Intent
from gateway.dispatch_body import DispatchBody
from gateway.guild_state import GuildState
from gateway.member_table import Fields, MemberState
from gateway.session import Session

_PRESENCES: Final = int(Intent.GUILD_PRESENCES)
_MAX_MEMBERS_WITH_PRESENCES: Final = 75_000
"""Above, a guild shows only its own member (Discord's rule)."""

_NONE: Final = msgspec.Raw(b"[]")
_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode


class GuildExtras(msgspec.Struct, kw_only=True):
    """What GUILD_CREATE has beyond the guild itself. Order does not matter to clients."""

    joined_at: msgspec.Raw
    large: bool
    unavailable: bool | msgspec.UnsetType
    member_count: int
    roles: list[msgspec.Raw]
    channels: list[msgspec.Raw]
    members: list[msgspec.Raw]
    presences: list[msgspec.Raw]
    voice_states: msgspec.Raw = _NONE
    threads: msgspec.Raw = _NONE
    stage_instances: msgspec.Raw = _NONE
    guild_scheduled_events: msgspec.Raw = _NONE
    soundboard_sounds: msgspec.Raw = _NONE


def build_guild_create(
    state: GuildState,
    session: Session,
    member: MemberState,
    *,
    channel_ids: Collection[int],
    presences: Mapping[int, msgspec.Raw],
    is_new: bool,
) -> DispatchBody:
    """GUILD_CREATE for a session.

    `channel_ids` are those that it may view, `presences` the users who are not offline. On a fresh join (`is_new`) there is
    no `unavailable` key: by that libraries tell joining from coming back.
    """
    large = state.members.count > session.profile.large_threshold
    shows_presences = bool(session.intents & _PRESENCES) and state.members.count <= _MAX_MEMBERS_WITH_PRESENCES
    extras = GuildExtras(
        joined_at=_decode_fields(member.raw)["joined_at"],
        large=large,
        unavailable=msgspec.UNSET if is_new else False,
        member_count=state.members.count,
        roles=[role.raw for role in state.roles.values()],
        channels=[channel.encode() for channel in state.channels.values() if channel.id in channel_ids],
        members=_members(state, member, presences, large=large) if shows_presences else [member.raw],
        presences=list(presences.values()) if shows_presences else [],
    )
    return DispatchBody("GUILD_CREATE", _join(_encode(state.fields), _encode(extras)))


def _members(
    state: GuildState, own: MemberState, presences: Mapping[int, msgspec.Raw], *, large: bool
) -> list[msgspec.Raw]:
    """Everybody in a guild that is not large, else oneself and who is online."""
    return [
        member.raw
        for member in state.members
        if not large or member.user_id == own.user_id or member.user_id in presences
    ]


def _join(first: bytes, second: bytes) -> bytes:
    """Two JSON objects, neither empty, as one."""
    return first[:-1] + b"," + second[1:]
