"""The seats at the media nodes: each voice state has one, and the session behind it is told where.

```
 VOICE_STATE_UPDATE ─→ guild's actor ─→ follow ─┬─ in a channel  ─→ place ─→ VOICE_SERVER_UPDATE to the session
                                                ├─ other rights ─→ change
                                                └─ in none      ─→ remove
 a node has died ─→ on_server ─→ VOICE_SERVER_UPDATE with the new place, or with `endpoint` null
```

Seats follow voice states alone, whoever has changed these. The home of a guild seats everybody in it, wherever the
sessions are. A voice state that an earlier process has left has no seat until its client says something of it again:
its voice socket is gone too, so it does. In a cluster the next home takes seats over (`gateway.homes.voice_takeover`).

Owns which seats were placed, with their rights, and whose client has to be told of a place when it says something.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.events import CHANNEL_UPDATE, GUILD_DELETE, VOICE_SERVER_UPDATE, VOICE_STATE_UPDATE
from core.domain.guilds.guild import AUTOMATIC_REGION
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_session import VoiceSession
from core.domain.ids import shard_of
from core.voice.interfaces import VoiceNodes, VoiceServer
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.wire.envelope import Envelope
from gateway.guilds.guild_directory import GuildDirectory
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.seat import Seat as SessionSeat
from gateway.voice.readings import read_peers, read_region, read_state

_STREAM: Final = int(Permission.STREAM)
_PRIORITY: Final = int(Permission.PRIORITY_SPEAKER)
_encode: Final = msgspec.json.Encoder().encode

_IN_CALLS: Final = Rights(speak=True, hear=True, stream=True)
"""What everybody may do in a call."""

FOLLOWED: Final = frozenset({VOICE_STATE_UPDATE, CHANNEL_UPDATE, GUILD_DELETE})
"""The events that change who is in voice in a guild, or where."""


class VoiceServerUpdate(msgspec.Struct):
    """`d` of VOICE_SERVER_UPDATE."""

    token: str
    guild_id: str | None
    endpoint: str | None
    channel_id: str | UnsetType = UNSET
    """The private channel of a call, which has no guild."""


class VoiceSeats:
    """The `VoiceListener` of one gateway."""

    __slots__ = (
        "_calls",
        "_come",
        "_find_session",
        "_gone",
        "_guilds",
        "_has",
        "_host_for",
        "_log",
        "_nodes",
        "_on_spoke",
        "_seats",
    )

    def __init__(
        self,
        *,
        nodes: VoiceNodes,
        guilds: GuildDirectory,
        find_session: Callable[[Seat], SessionSeat | None],
        host_for: Callable[[SessionSeat], str],
        log: Callable[[VoiceSession], None],
        has: Callable[[int], bool] = lambda _guild_id: True,
        on_spoke: Callable[[SeatKey], None] = lambda _key: None,
    ) -> None:
        """`find_session` finds the session behind a seat, here or elsewhere, while it is in the guild.

        `host_for` gives the host by which a session's client reaches this machine. `log` keeps a stay
        that is over. `has` says whether this gateway seats the people of a guild. `on_spoke` is told who has spoken
        lately.
        """
        self._calls: dict[int, SeatKey] = {}
        """The seat of each user who is in a call, and whose session is here."""
        self._come: set[SeatKey] = set()
        """The seats of calls whose client is at the node."""
        self._nodes = nodes
        self._on_spoke = on_spoke
        self._guilds = guilds
        self._find_session = find_session
        self._has = has
        self._log = log
        self._host_for = host_for
        self._seats: dict[SeatKey, Seat] = {}
        self._gone: set[SeatKey] = set()
        """The seats whose client has been there and is not any more, or was not told where it is."""
        nodes.listen(self)

    def follow(self, envelope: Envelope) -> None:
        """Follow an event of `FOLLOWED` that the guild's actor has applied.

        Raises:
            msgspec.MsgspecError: when the payload is no voice state.
        """
        if not self._has(envelope.guild_id):
            return
        if envelope.event == GUILD_DELETE:
            for key in [key for key in self._seats if key.server_id == envelope.guild_id]:
                self._remove(key)
            return
        if envelope.event == CHANNEL_UPDATE:
            room = Room(envelope.guild_id, envelope.channel_id)
            self._nodes.relocate(room, self._find_region(room))
            return
        key = SeatKey(envelope.guild_id, envelope.user_id)
        seat = self._read(key, envelope.payload)
        if seat is None:
            self._remove(key)
        else:
            self._seat(seat)

    def _read(self, key: SeatKey, state_object: bytes | msgspec.Raw) -> Seat | None:
        """Return the seat of a voice state's object; None when that is in no channel."""
        state = read_state(state_object)
        if state.channel_id is None:
            return None
        return Seat(
            room=Room(key.server_id, state.channel_id),
            user_id=key.user_id,
            session_id=state.session_id,
            rights=self._find_rights(key, speak=not (state.mute or state.suppress), hear=not state.deaf),
        )

    def follow_call(self, envelope: Envelope) -> None:
        """Follow a VOICE_STATE_UPDATE that a user is told outside guilds; of the user itself, as others hear the same.

        The worker with the session seats it: calls have no home.

        Raises:
            msgspec.MsgspecError: when the payload is no voice state.
        """
        state = read_state(envelope.payload)
        if state.user_id != envelope.user_id:
            return
        before = self._calls.pop(state.user_id, None)
        if before is not None and before.server_id != state.channel_id:
            self._remove(before)
        if state.channel_id is None:
            return
        room = Room(state.channel_id, state.channel_id)
        seat = Seat(room=room, user_id=state.user_id, session_id=state.session_id, rights=_IN_CALLS)
        if self._find_session(seat) is not None:
            self._calls[state.user_id] = seat.key
            self._seat(seat, envelope.region)

    def move_call(self, envelope: Envelope) -> None:
        """Follow a CALL_CREATE or a CALL_UPDATE, which may tell of another region, of a user who is in the call here.

        Raises:
            msgspec.MsgspecError: when the payload cannot be read.
        """
        seat = self._calls.get(envelope.user_id)
        if seat is None:
            return
        call = read_region(envelope.payload)
        if call.channel_id != seat.server_id:
            return
        region = "" if call.region == AUTOMATIC_REGION else call.region
        self._nodes.relocate(Room(call.channel_id, call.channel_id), region)

    def renew_call(self, envelope: Envelope) -> None:
        """Follow a CALL_PEERS_UPDATE: whose media goes through the node again is told where, unless it is there.

        Raises:
            msgspec.MsgspecError: when the payload cannot be read.
        """
        key = self._calls.get(envelope.user_id)
        seat = None if key is None else self._seats.get(key)
        if seat is None or seat.session_id != envelope.session_id or seat.key in self._come:
            return
        if read_peers(envelope.payload).state == "node":
            self._place(seat)

    def take_over(self, shards: Collection[int], guild_ids: Iterable[int], *, num_shards: int) -> None:
        """Take over the seats of shards from their former home. These guilds, which are live, have people in voice."""
        taken: list[tuple[Seat, str]] = []
        for actor in filter(None, map(self._guilds.find, guild_ids)):
            if shard_of(actor.guild_id, num_shards) not in shards:
                continue
            for entry in actor.state.voice:
                seat = self._read(SeatKey(actor.guild_id, entry.user_id), entry.raw)
                if seat is not None:
                    self._seats[seat.key] = seat
                    taken.append((seat, self._find_region(seat.room)))
            actor.voice_watch.check_all()
        self._nodes.claim(shards, taken)

    def let_go(self, shards: Collection[int], *, num_shards: int) -> None:
        """Forget the seats of shards that have another home now."""
        for key, seat in list(self._seats.items()):
            if not seat.room.is_call and shard_of(key.server_id, num_shards) in shards:
                del self._seats[key]
                self._gone.discard(key)
        self._nodes.let_go(shards)

    def refresh(self, guild_id: int, user_id: int) -> None:
        """Follow rights of somebody in voice that may have changed, and of which no voice state tells."""
        seat = self._seats.get(SeatKey(guild_id, user_id))
        if seat is not None:
            rights = self._find_rights(seat.key, speak=seat.rights.speak, hear=seat.rights.hear)
            self._seat(msgspec.structs.replace(seat, rights=rights))

    def _seat(self, seat: Seat, region: str = "") -> None:
        known = self._seats.get(seat.key)
        self._seats[seat.key] = seat
        is_placed = known is not None and (known.room, known.session_id) == (seat.room, seat.session_id)
        if not is_placed or seat.key in self._gone:
            self._place(seat, region or self._find_region(seat.room))
        elif known is not None and known.rights != seat.rights:
            self._nodes.change(seat.key, seat.rights)

    def _place(self, seat: Seat, region: str = "") -> None:
        self._gone.discard(seat.key)
        self._come.discard(seat.key)
        server = self._nodes.place(seat, region)
        if server is not None:
            self._tell(seat, server)

    def _remove(self, key: SeatKey) -> None:
        self._gone.discard(key)
        self._come.discard(key)
        if self._seats.pop(key, None) is not None:
            self._nodes.remove(key)

    def _find_rights(self, key: SeatKey, *, speak: bool, hear: bool) -> Rights:
        held = self._guilds.voice_permissions(key.server_id, key.user_id)
        return Rights(speak=speak, hear=hear, stream=bool(held & _STREAM), priority=bool(held & _PRIORITY))

    def _find_region(self, room: Room) -> str:
        actor = self._guilds.find(room.server_id)
        channel = None if actor is None else actor.state.channels.get(room.channel_id)
        return "" if channel is None else channel.find_region()

    def _tell(self, seat: Seat, server: VoiceServer | None) -> None:
        session = self._find_session(seat)
        if session is None:
            self._gone.add(seat.key)
            return
        endpoint = None if server is None else server.endpoint_for(self._host_for(session))
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
            self._come.discard(seat.key)
            self._tell(seat, server)

    def on_connected(self, key: SeatKey, session_id: str) -> None:  # noqa: ARG002 - the seat is known by its key
        """Note that the client is there."""
        self._gone.discard(key)
        seat = self._seats.get(key)
        if seat is not None and seat.room.is_call:
            self._come.add(key)

    def on_visited(self, session: VoiceSession) -> None:
        """Have a stay that is over logged."""
        self._log(session)

    def on_ended(self, key: SeatKey, session_id: str) -> None:
        """Note that the client's voice socket is gone. Its voice state stays; said again, it gets a new place."""
        self._come.discard(key)
        seat = self._seats.get(key)
        if seat is not None and seat.session_id == session_id:
            self._gone.add(key)

    def on_spoke(self, key: SeatKey) -> None:
        """Hand on that somebody has spoken."""
        self._on_spoke(key)
