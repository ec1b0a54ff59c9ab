"""The seats at the media nodes: each voice state has one, and the session behind it is told where.

```
 VOICE_STATE_UPDATE ─→ guild's actor ─→ follow ─┬─ in a channel  ─→ place ─→ VOICE_SERVER_UPDATE to the session
                                                ├─ other rights ─→ change
                                                └─ in none      ─→ remove
 a node has died ─→ on_server ─→ VOICE_SERVER_UPDATE with the new place, or with `endpoint` null
```

Seats follow voice states alone, whoever has changed these. A voice state that an earlier process has left has no seat
until its client says something of it again: its voice socket is gone too, so it does.

Owns which seats were placed, with their rights, and whose client has gone.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.events import GUILD_DELETE, VOICE_SERVER_UPDATE, VOICE_STATE_UPDATE
from core.domain.guilds.permissions import Permission
from core.voice.interfaces import VoiceNodes, VoiceServer
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.wire.envelope import Envelope
from gateway.guilds.guild_directory import GuildDirectory
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session

_STREAM: Final = int(Permission.STREAM)
_PRIORITY: Final = int(Permission.PRIORITY_SPEAKER)
_encode: Final = msgspec.json.Encoder().encode

_IN_CALLS: Final = Rights(speak=True, hear=True, stream=True)
"""What everybody may do in a call."""

FOLLOWED: Final = frozenset({VOICE_STATE_UPDATE, GUILD_DELETE})
"""The events that change who is in voice in a guild."""


class _State(msgspec.Struct, frozen=True):
    """The fields that are read of a voice state's object."""

    session_id: str
    channel_id: int | None
    mute: bool
    deaf: bool
    suppress: bool
    user_id: int = 0


_decode_state: Final = msgspec.json.Decoder(_State, strict=False).decode


class VoiceServerUpdate(msgspec.Struct):
    """`d` of VOICE_SERVER_UPDATE."""

    token: str
    guild_id: str | None
    endpoint: str | None
    channel_id: str | UnsetType = UNSET
    """The private channel of a call, which has no guild."""


class VoiceSeats:
    """The `VoiceListener` of one gateway."""

    __slots__ = ("_calls", "_find_session", "_gone", "_guilds", "_host_for", "_nodes", "_seats")

    def __init__(
        self,
        *,
        nodes: VoiceNodes,
        guilds: GuildDirectory,
        find_session: Callable[[str], Session | None],
        host_for: Callable[[str], str],
    ) -> None:
        """`host_for` gives the host by which a client with this Host header reaches this machine."""
        self._calls: dict[int, SeatKey] = {}
        """The seat of each user who is in a call."""
        self._nodes = nodes
        self._guilds = guilds
        self._find_session = find_session
        self._host_for = host_for
        self._seats: dict[SeatKey, Seat] = {}
        self._gone: set[SeatKey] = set()
        """The seats whose client has been there, and is not any more."""
        nodes.listen(self)

    def follow(self, envelope: Envelope) -> None:
        """Follow an event of `FOLLOWED` that the guild's actor has applied.

        Raises:
            msgspec.MsgspecError: when the payload is no voice state.
        """
        if envelope.event == GUILD_DELETE:
            for key in [key for key in self._seats if key.server_id == envelope.guild_id]:
                self._remove(key)
            return
        key = SeatKey(envelope.guild_id, envelope.user_id)
        state = _decode_state(envelope.payload)
        if state.channel_id is None:
            self._remove(key)
            return
        self._seat(
            Seat(
                room=Room(key.server_id, state.channel_id),
                user_id=key.user_id,
                session_id=state.session_id,
                rights=self._find_rights(key, speak=not (state.mute or state.suppress), hear=not state.deaf),
            )
        )

    def follow_call(self, envelope: Envelope) -> None:
        """Follow a VOICE_STATE_UPDATE that a user is told outside guilds; of the user itself, as others hear the same.

        Raises:
            msgspec.MsgspecError: when the payload is no voice state.
        """
        state = _decode_state(envelope.payload)
        if state.user_id != envelope.user_id:
            return
        before = self._calls.pop(state.user_id, None)
        if before is not None and before.server_id != state.channel_id:
            self._remove(before)
        if state.channel_id is None:
            return
        room = Room(state.channel_id, state.channel_id)
        seat = Seat(room=room, user_id=state.user_id, session_id=state.session_id, rights=_IN_CALLS)
        self._calls[state.user_id] = seat.key
        self._seat(seat)

    def refresh(self, guild_id: int, user_id: int) -> None:
        """Follow rights of somebody in voice that may have changed, and of which no voice state tells."""
        seat = self._seats.get(SeatKey(guild_id, user_id))
        if seat is not None:
            rights = self._find_rights(seat.key, speak=seat.rights.speak, hear=seat.rights.hear)
            self._seat(msgspec.structs.replace(seat, rights=rights))

    def _seat(self, seat: Seat) -> None:
        known = self._seats.get(seat.key)
        self._seats[seat.key] = seat
        is_placed = known is not None and (known.room, known.session_id) == (seat.room, seat.session_id)
        if not is_placed or seat.key in self._gone:
            self._gone.discard(seat.key)
            server = self._nodes.place(seat)
            if server is not None:
                self._tell(seat, server)
        elif known is not None and known.rights != seat.rights:
            self._nodes.change(seat.key, seat.rights)

    def _remove(self, key: SeatKey) -> None:
        self._gone.discard(key)
        if self._seats.pop(key, None) is not None:
            self._nodes.remove(key)

    def _find_rights(self, key: SeatKey, *, speak: bool, hear: bool) -> Rights:
        held = self._guilds.voice_permissions(key.server_id, key.user_id)
        return Rights(speak=speak, hear=hear, stream=bool(held & _STREAM), priority=bool(held & _PRIORITY))

    def _tell(self, seat: Seat, server: VoiceServer | None) -> None:
        session = self._find_session(seat.session_id)
        if session is None:
            return
        asked = "" if session.connection is None else session.connection.host
        endpoint = None if server is None else server.endpoint_for(self._host_for(asked))
        token = "" if server is None else server.token
        room = seat.room
        update = VoiceServerUpdate(token, None if room.is_call else str(room.server_id), endpoint)
        if room.is_call:
            update.channel_id = str(room.channel_id)
        session.dispatch(DispatchBody(VOICE_SERVER_UPDATE, _encode(update)))

    # ---- what the nodes say

    def on_server(self, seat: Seat, server: VoiceServer | None) -> None:
        """Tell the session of another place, or that there is none."""
        if seat.key in self._seats:
            self._gone.discard(seat.key)
            self._tell(seat, server)

    def on_connected(self, key: SeatKey, session_id: str) -> None:  # noqa: ARG002 - the seat is known by its key
        """Note that the client is there."""
        self._gone.discard(key)

    def on_ended(self, key: SeatKey, session_id: str) -> None:
        """Note that the client's voice socket is gone. Its voice state stays; said again, it gets a new place."""
        seat = self._seats.get(key)
        if seat is not None and seat.session_id == session_id:
            self._gone.add(key)
