"""The media nodes of one gateway, over links: which node has which room, and what becomes of rooms when a node dies.

A node is offered with the address of its voice gateway, and counts as soon as its conversation has begun. A room is
placed on the node with the fewest seats of this gateway, more exactly on the one whose seats and load say so, and stays
there while anybody is in it. Each placement of a seat has an epoch of its own, greater than all before, also those of
an earlier life: it begins at the clock. So a token of an earlier place is worth nothing.

When a conversation is broken, the node ends this gateway's seats, or is dead itself. All its rooms are placed again,
and the listener is told for each seat; without another node it is told that there is none, and again when there is one.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from core.links.interfaces import LinkListener, Links, PeerAddress
from core.runtime.clock import Clock
from core.voice.interfaces import VoiceListener, VoiceNodes, VoiceServer
from core.voice.orders import (
    Admit,
    Change,
    CloseRoom,
    Connected,
    Ended,
    Load,
    Malformed,
    Remove,
    ToNode,
    encode_order,
    parse_to_gateway,
)
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.voice.tokens import NONCE_BYTES, TOKEN_LIFETIME_MS, Claims, sign_token

_FULL: Final = 0.9
"""A node that uses more than this of its core takes new rooms only when all others do too."""


class NodeAddress(msgspec.Struct, frozen=True):
    """Where a node is reached."""

    control: PeerAddress
    """By gateways."""
    host: str
    """By clients, to the voice gateway; "" for the host by which a client has reached its gateway."""
    port: int


class _Node:
    __slots__ = ("address", "is_up", "load", "seats")

    def __init__(self, address: NodeAddress) -> None:
        self.address = address
        self.is_up = False
        self.load = Load(0, 0, 0.0)
        self.seats: dict[SeatKey, Seat] = {}


class LinkedVoiceNodes(VoiceNodes, LinkListener):
    """The nodes. `attach` and `listen` come before the links run."""

    __slots__ = (
        "_clock",
        "_epoch",
        "_links",
        "_listener",
        "_nodes",
        "_observe",
        "_rooms",
        "_seats",
        "_secret",
        "_token_bytes",
    )

    def __init__(
        self,
        *,
        secret: bytes,
        clock: Clock,
        token_bytes: Callable[[int], bytes],
        observe: Callable[[str, Load], None] = lambda _node, _load: None,
    ) -> None:
        """`secret` signs tokens, and the nodes have it; `observe` is told each node's load."""
        self._secret = secret
        self._clock = clock
        self._token_bytes = token_bytes
        self._observe = observe
        self._links: Links
        self._listener: VoiceListener
        self._nodes: dict[str, _Node] = {}
        self._rooms: dict[Room, str] = {}
        """The node of each room, while somebody is in it."""
        self._seats: dict[SeatKey, tuple[Seat, str]] = {}
        """Each seat that was placed, and the node that it is at; "" while there is none."""
        self._epoch = 0

    def attach(self, links: Links) -> None:
        """Take the links, whose listener this is."""
        self._links = links

    def offer(self, nodes: Mapping[str, NodeAddress]) -> None:
        """Take the nodes that there are now; the seats of all others are placed again."""
        for name in self._nodes.keys() - nodes.keys():
            self._lose(name)
            del self._nodes[name]
        for name, address in nodes.items():
            if name not in self._nodes:
                self._nodes[name] = _Node(address)
        self._links.know({name: address.control for name, address in nodes.items()})

    # ---- what the gateway says

    @override
    def listen(self, listener: VoiceListener) -> None:
        self._listener = listener

    @override
    def place(self, seat: Seat) -> VoiceServer | None:
        self.remove(seat.key)
        return self._place(seat)

    @override
    def change(self, key: SeatKey, rights: Rights) -> None:
        placed = self._seats.get(key)
        if placed is None:
            return
        seat, name = placed
        seat = msgspec.structs.replace(seat, rights=rights)
        self._seats[key] = seat, name
        if name:
            self._nodes[name].seats[key] = seat
            self._say(name, Change(key.server_id, key.user_id, rights))

    @override
    def remove(self, key: SeatKey) -> None:
        name = self._forget(key)
        if name:
            self._say(name, Remove(key.server_id, key.user_id))

    @override
    def close_room(self, room: Room) -> None:
        name = self._rooms.get(room, "")
        for key, (seat, _) in list(self._seats.items()):
            if seat.room == room:
                self._forget(key)
        if name:
            self._say(name, CloseRoom(room))

    # ---- what the links say

    @override
    def on_begun(self, peer: str) -> None:
        node = self._nodes.get(peer)
        if node is None:
            return
        node.is_up = True
        for seat, name in list(self._seats.values()):
            if not name:
                self._listener.on_server(seat, self._place(seat))

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        try:
            order = parse_to_gateway(frame)
        except Malformed:  # of another version; what it says otherwise still holds
            return
        match order:
            case Connected():
                self._listener.on_connected(SeatKey(order.server_id, order.user_id), order.session_id)
            case Ended():
                self._listener.on_ended(SeatKey(order.server_id, order.user_id), order.session_id)
            case Load():
                if peer in self._nodes:
                    self._nodes[peer].load = order
                    self._observe(peer, order)

    @override
    def on_broken(self, peer: str) -> None:
        self._lose(peer)

    # ---- parts

    def _place(self, seat: Seat) -> VoiceServer | None:
        name = self._rooms.get(seat.room) or self._choose()
        self._seats[seat.key] = seat, name
        if not name:
            return None
        self._rooms[seat.room] = name
        node = self._nodes[name]
        node.seats[seat.key] = seat
        self._epoch = max(self._epoch + 1, self._clock.now_ms())
        self._say(name, Admit(seat, self._epoch))
        claims = Claims(seat, self._epoch, self._clock.now_ms() + TOKEN_LIFETIME_MS, self._token_bytes(NONCE_BYTES))
        return VoiceServer(sign_token(self._secret, claims), node.address.host, node.address.port)

    def _choose(self) -> str:
        up = [(node.load.busy > _FULL, len(node.seats), name) for name, node in self._nodes.items() if node.is_up]
        return min(up)[2] if up else ""

    def _forget(self, key: SeatKey) -> str:
        """Forget a seat; return the node that it was at, or ""."""
        seat, name = self._seats.pop(key, (None, ""))
        if seat is None or not name:
            return ""
        seats = self._nodes[name].seats
        del seats[key]
        if not any(other.room == seat.room for other in seats.values()):
            self._rooms.pop(seat.room, None)
        return name

    def _lose(self, name: str) -> None:
        node = self._nodes.get(name)
        if node is None:
            return
        node.is_up = False
        seats, node.seats = node.seats, {}
        for seat in seats.values():
            self._rooms.pop(seat.room, None)
        for seat in seats.values():
            self._listener.on_server(seat, self._place(seat))

    def _say(self, name: str, order: ToNode) -> None:
        self._links.send(name, encode_order(order))
