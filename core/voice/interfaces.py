"""The media nodes as a gateway sees them: it says who sits where, and is told by which server clients reach the room.

```
 gateway                                     nodes
   place(seat) ────────────────────────────→  VoiceServer, for VOICE_SERVER_UPDATE
   ←──────────────────── on_server(seat, …)   the room has another server (its node has died), or has one at last
   change / remove / close_room ───────────→
   ←──────── on_connected / on_ended          the client's media flows, or its socket is gone for good
```

The gateway owns voice states and rights. The nodes own where rooms are, tokens, and media. They know each seat that was
placed and not removed, so when a node dies they place its rooms again by themselves and say so for each seat.
"""

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from core.domain.guilds.voice_session import VoiceSession
from core.voice.seats import Rights, Room, Seat, SeatKey


class Timer(Protocol):
    """What a `CallLater` returns."""

    def cancel(self) -> None:
        """Call nothing any more."""


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Calls a function after so many seconds."""


class VoiceServer(msgspec.Struct, frozen=True):
    """Where a client takes its seat, and the token by which it does, once and soon."""

    token: str
    host: str
    """The host of the voice gateway; "" where it is the host by which the client has reached its gateway."""
    port: int

    def endpoint_for(self, host: str) -> str:
        """Return the `endpoint` of VOICE_SERVER_UPDATE for a client that has reached its gateway by this host."""
        host = self.host or host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class VoiceListener(Protocol):
    """The gateway. All methods run on the event loop, must be quick and must not raise.

    None of them is called from inside a method of `VoiceNodes`.
    """

    def on_server(self, seat: Seat, server: VoiceServer | None) -> None:
        """The seat's room is at another server from now on; None while there is none (endpoint null)."""

    def on_connected(self, key: SeatKey, session_id: str) -> None:
        """The client has taken its seat."""

    def on_visited(self, session: VoiceSession) -> None:
        """A stay in a guild's channel is over. That of a node that died is told without what the node had measured."""

    def on_ended(self, key: SeatKey, session_id: str) -> None:
        """The client's voice socket is gone and was not resumed in time. Its seat stays until it is removed."""

    def on_spoke(self, key: SeatKey) -> None:
        """The client has spoken in the last seconds."""


class VoiceNodes(Protocol):
    """The media nodes."""

    def listen(self, listener: VoiceListener) -> None:
        """Tell this listener from now on. Called once, before anything else."""

    def place(self, seat: Seat, region: str = "") -> VoiceServer | None:
        """Seat a user, and return where; None while no node takes rooms, and `on_server` follows when one does.

        `region` is where a room begins that nobody is in yet, if there is a node.
        Any seat that the user has on this server ends at once. So a user moves by being placed elsewhere, and one that
        connects anew gets a fresh token by being placed again.
        """

    def change(self, key: SeatKey, rights: Rights) -> None:
        """Give a user other rights from the next packet on. Nothing happens when it has no seat."""

    def relocate(self, room: Room, region: str) -> None:
        """Have a room in another region, if a node there takes it; `on_server` follows for each seat then."""

    def remove(self, key: SeatKey) -> None:
        """End a user's seat and its media at once. Nothing happens when it has none."""

    def close_room(self, room: Room) -> None:
        """End all seats of a room."""

    def claim(self, shards: Collection[int], seats: Collection[tuple[Seat, str]]) -> None:
        """Take over what is in voice in these shards: seats, with the regions of their rooms.

        Those that are at a node stay there, and their clients notice nothing. The others are placed, with `on_server`
        for each. Whoever else has a seat in these shards loses it.
        """

    def let_go(self, shards: Collection[int]) -> None:
        """Forget the seats of these shards, which belong to another gateway now. Their media goes on."""
