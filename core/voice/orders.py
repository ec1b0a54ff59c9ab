"""The conversation between a gateway and a media node, over a link (`core.links`): frames of msgpack.

| the gateway says | the node says |
|---|---|
| `Admit`: this user will come, with these rights | `Connected`: its media flows |
| `Change`: its rights are these now | `Ended`: it is gone |
| `Remove`: it has left, or was made to; its media ends at once | `Load`: how much the node does, each second |
| `CloseRoom`: nobody is in this room any more | `Held`: what of a claim it has |
| `Claim`: these shards are mine, with these seats | `Leaving`: it stops, so its rooms shall go elsewhere |
| | `Visited`: a stay that is over, for the guild's log |

A seat belongs to the gateway that has admitted or claimed it, and only that one changes or removes it. When the
conversation is broken, the gateway places its rooms anew, and the node keeps the seats for a while: the gateway may be
dead, and the one that has the guilds then claims them. Each conversation begins with a claim, and a claim ends every
seat of its shards that it does not name. So nobody keeps a seat that no gateway knows.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.guilds.voice_session import VoiceSession
from core.voice.seats import Rights, Room, Seat, SeatKey


class Malformed(Exception):
    """A frame is no order."""


class Admit(msgspec.Struct, frozen=True, array_like=True, tag=1, forbid_unknown_fields=True):
    """Expect a user. Another seat that the user has on this server ends at once."""

    seat: Seat
    epoch: int


class Change(msgspec.Struct, frozen=True, array_like=True, tag=2, forbid_unknown_fields=True):
    """A user has other rights from the next packet on."""

    server_id: int
    user_id: int
    rights: Rights


class Remove(msgspec.Struct, frozen=True, array_like=True, tag=3, forbid_unknown_fields=True):
    """End a user's seat. Its socket is closed with 4014."""

    server_id: int
    user_id: int


class CloseRoom(msgspec.Struct, frozen=True, array_like=True, tag=4, forbid_unknown_fields=True):
    """End all seats of a room: the channel is deleted, or the call is over. Sockets are closed with 4022."""

    room: Room


class Claim(msgspec.Struct, frozen=True, array_like=True, tag=5, forbid_unknown_fields=True):
    """This gateway is the home of these shards: it takes over the seats that it names, and all others there end.

    `Held` answers it. Calls have no shard: of these the gateway's own end that it does not name.
    """

    shards: list[int]
    num_shards: int
    seats: list[Seat]


class Connected(msgspec.Struct, frozen=True, array_like=True, tag=10, forbid_unknown_fields=True):
    """A user has shown its token, and its keys are made. `began_ms` is when, by the node's clock."""

    server_id: int
    user_id: int
    session_id: str
    began_ms: int


class Ended(msgspec.Struct, frozen=True, array_like=True, tag=11, forbid_unknown_fields=True):
    """A user's socket is gone and was not resumed. The seat is not: the client may come again with another token."""

    server_id: int
    user_id: int
    session_id: str


class HeldSeat(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A seat that a node has, with its epoch, and when its media has begun, 0 before."""

    seat: Seat
    epoch: int
    began_ms: int = 0


class Held(msgspec.Struct, frozen=True, array_like=True, tag=13, forbid_unknown_fields=True):
    """The answer to a claim: those of its seats that the node has, as it has them."""

    seats: list[HeldSeat]


class Spoke(msgspec.Struct, frozen=True, array_like=True, tag=16, forbid_unknown_fields=True):
    """These have spoken lately. Said every few seconds, if anybody has."""

    keys: list[SeatKey]


class Leaving(msgspec.Struct, frozen=True, array_like=True, tag=14, forbid_unknown_fields=True):
    """The node stops in a moment."""


class Visited(msgspec.Struct, frozen=True, array_like=True, tag=15, forbid_unknown_fields=True):
    """A user's media in a guild is over: what it was like."""

    session: VoiceSession


class Counts(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a node has counted since it began."""

    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    joins: int = 0
    drops: dict[str, int] = {}
    """Datagrams that were not passed on, by reason."""
    measured: int = 0
    measured_s: float = 0.0
    """How long so many datagrams took together, from the socket until all hearers were sent them."""
    dave: dict[str, int] = {}
    """What has happened to the encryption of rooms from end to end, by name."""


class Load(msgspec.Struct, frozen=True, array_like=True, tag=12, forbid_unknown_fields=True):
    """What a node does."""

    rooms: int
    peers: int
    busy: float
    """The part of one core that the process has used lately, 0 to 1."""
    counts: Counts = Counts()
    encrypted: int = 0
    """Those of the rooms that are encrypted from end to end."""


ToNode = Admit | Change | Remove | CloseRoom | Claim
ToGateway = Connected | Ended | Load | Held | Leaving | Visited | Spoke

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_to_node: Final[Callable[[bytes], ToNode]] = msgspec.msgpack.Decoder(ToNode).decode
_decode_to_gateway: Final[Callable[[bytes], ToGateway]] = msgspec.msgpack.Decoder(ToGateway).decode


def encode_order(order: ToNode | ToGateway) -> bytes:
    """Write a frame."""
    return _encode(order)


def parse_to_node(frame: bytes) -> ToNode:
    """Read what a gateway says. Raises Malformed."""
    try:
        return _decode_to_node(frame)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from error


def parse_to_gateway(frame: bytes) -> ToGateway:
    """Read what a node says. Raises Malformed."""
    try:
        return _decode_to_gateway(frame)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from error
