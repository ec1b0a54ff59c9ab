"""Who is in which voice channel of one guild, as its actor keeps it: the objects for clients, and what rights need.

The members in voice are kept here too, since the table of members has those alone that have a session in this guild,
and a voice state outlives its session for the time of a resume. Pure: no store, no clock, no sessions.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from core.domain.guilds.voice_state import InVoice
from core.wire.objects.guilds.voice_state import render_voice_state
from gateway.guilds.state.member_table import Fields, MemberState, from_row, parse_member

_NOT_IN_GUILD_CREATE: Final = ("guild_id", "member")

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode


class _VoiceFields(msgspec.Struct, frozen=True):
    """The fields that are read of a voice state's object."""

    user_id: int
    session_id: str
    channel_id: int | None = None
    suppress: bool = False
    self_video: bool = False
    self_stream: bool = False
    member: msgspec.Raw = msgspec.Raw()


_decode_voice = msgspec.json.Decoder(_VoiceFields, strict=False).decode


class VoiceEntry(msgspec.Struct, kw_only=True, eq=False):
    """A user in a voice channel."""

    user_id: int
    channel_id: int
    session_id: str
    """The gateway session that has joined."""
    is_suppressed: bool
    shows_video: bool
    """Whether a camera is on, or a screen is shared."""
    member: MemberState
    raw: msgspec.Raw
    """The object as in GUILD_CREATE."""


def parse_voice(payload: bytes | msgspec.Raw) -> VoiceEntry | None:
    """Parse `d` of VOICE_STATE_UPDATE. None: the user is in no channel now.

    Raises:
        msgspec.MsgspecError: when the payload is no such object.
    """
    seen = _decode_voice(payload)
    if seen.channel_id is None or not bytes(seen.member):
        return None
    return VoiceEntry(
        user_id=seen.user_id,
        channel_id=seen.channel_id,
        session_id=seen.session_id,
        is_suppressed=seen.suppress,
        shows_video=seen.self_video or seen.self_stream,
        member=parse_member(seen.member),
        raw=_for_guild_create(payload),
    )


def render_update(guild_id: int, entry: VoiceEntry) -> bytes:
    """Render VOICE_STATE_UPDATE of who is in voice, for sessions that begin to see the channel."""
    fields = _decode_fields(entry.raw)
    return _encode({"guild_id": str(guild_id), **fields, "member": entry.member.raw})


def render_leave(payload: bytes) -> bytes:
    """Render the VOICE_STATE_UPDATE by which who does not see the user's channel any more takes it for left."""
    fields = _decode_fields(payload)
    hidden = {"channel_id": None, "request_to_speak_timestamp": None}
    return _encode({**fields, **hidden, "suppress": False, "self_video": False, "self_stream": False})


class VoiceTable:
    """The users in voice, by id. It counts as true while there are any."""

    __slots__ = ("_entries",)

    def __init__(self, rows: Iterable[InVoice]) -> None:
        self._entries = {each.state.user_id: _from_row(each) for each in rows}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[VoiceEntry]:
        return iter(self._entries.values())

    def find(self, user_id: int) -> VoiceEntry | None:
        """Return where the user is, None when it is in no channel."""
        return self._entries.get(user_id)

    def list_of(self, channel_id: int) -> list[VoiceEntry]:
        """Return who is in a channel."""
        return [entry for entry in self._entries.values() if entry.channel_id == channel_id]

    def put(self, user_id: int, entry: VoiceEntry | None) -> bool:
        """Set where the user is, None for in no channel. Return whether the table has become empty, or was."""
        before = bool(self._entries)
        if entry is None:
            self._entries.pop(user_id, None)
        else:
            self._entries[user_id] = entry
        return before != bool(self._entries)

    def put_member(self, member: MemberState) -> None:
        """Follow a member that has changed."""
        entry = self._entries.get(member.user_id)
        if entry is not None:
            entry.member = member

    def drop_role(self, role_id: int) -> None:
        """Take a deleted role from all who are in voice."""
        for entry in self._entries.values():
            if role_id in entry.member.role_ids:
                entry.member.drop_role(role_id)


def _from_row(row: InVoice) -> VoiceEntry:
    state = row.state
    return VoiceEntry(
        user_id=state.user_id,
        channel_id=state.channel_id,
        session_id=state.session_id,
        is_suppressed=state.suppress,
        shows_video=state.self_video or state.self_stream,
        member=from_row(row.member),
        raw=_for_guild_create(_encode(render_voice_state(state, row.member))),
    )


def _for_guild_create(payload: bytes | msgspec.Raw) -> msgspec.Raw:
    fields = _decode_fields(payload)
    for name in _NOT_IN_GUILD_CREATE:
        fields.pop(name, None)
    return msgspec.Raw(_encode(fields))
