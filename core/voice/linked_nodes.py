"""The media nodes of one gateway, over links: which node has which room, and what becomes of rooms when a node dies.

A node is offered with the address of its voice gateway, and counts as soon as its conversation has begun. A room is
placed as `core.voice.placement` says, and stays there while anybody is in it. Each placement of a seat has an epoch of
its own, greater than all before, also those of an earlier life: it begins at the clock. So a token of an earlier place
is worth nothing.

| a node | its rooms |
|---|---|
| dies: its conversation is broken, or it is not offered | are placed again, and the listener is told for each seat |
| drains, or says that it stops | are placed again where another node takes them; the old seats end as clients come |
| is full | stay, and it gets no others |
| has had room for a while | stay, and those come to it, a few at a time, whose region had no node with room |

A call has people at several workers and no home, so all gateways of a cluster choose the same node for it by its id.

In a cluster a gateway has the rooms of its shards. It claims those of shards that are new to it (`core.voice.claims`).
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from core.domain.guilds.voice_session import VoiceSession
from core.domain.ids import shard_of
from core.links.interfaces import LinkListener, Links
from core.runtime.clock import Clock
from core.voice.claims import Claims
from core.voice.interfaces import CallLater, VoiceListener, VoiceNodes, VoiceServer
from core.voice.moving_seats import MovingSeats
from core.voice.orders import (
    Admit,
    Change,
    Claim,
    CloseRoom,
    Connected,
    Ended,
    Held,
    Leaving,
    Load,
    Malformed,
    Remove,
    Spoke,
    ToNode,
    Visited,
    encode_order,
    parse_to_gateway,
)
from core.voice.placement import Node, NodeAddress, choose_call_node, choose_node
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.voice.tokens import NONCE_BYTES, TOKEN_LIFETIME_MS, sign_token
from core.voice.tokens import Claims as TokenClaims

MOST_NEARER: Final = 4
"""The rooms that come to a node of their region at a time. What it tells of its load a second later counts for the
next ones: they are in no hurry, and a node that is just up shall not be full at once."""
STEADY_S: Final = 30.0
"""The time in which a node takes rooms before those of its region come to it from elsewhere: one that dies again and
again, or is about to be full, would have them come and go."""
CLAIM_S: Final = 3.0
"""The time in which nodes say what they have of a claim. A node that is just beginning has looked twice by then."""


class Placed(msgspec.Struct, frozen=True):
    """A seat, and where it is."""

    seat: Seat
    region: str
    node: str
    """"" while no node takes it."""
    began_ms: int = 0
    """When its media has begun there, 0 before."""


class LinkedVoiceNodes(VoiceNodes, LinkListener):
    """The nodes. `attach` and `listen` come before the links run."""

    __slots__ = (
        "_call_later", "_claims", "_clock", "_default_region", "_epoch", "_links", "_listener", "_moving", "_nodes",
        "_num_shards", "_observe", "_rooms", "_seats", "_secret", "_shards", "_token_bytes",
    )  # fmt: skip

    def __init__(
        self,
        *,
        secret: bytes,
        clock: Clock,
        call_later: CallLater,
        token_bytes: Callable[[int], bytes],
        observe: Callable[[str, Load], None] = lambda _node, _load: None,
        num_shards: int = 1,
        shards: Collection[int] = (0,),
        default_region: str = "",
    ) -> None:
        """`secret` signs tokens, and the nodes have it; `observe` is told each node's load.

        `shards` are those that this gateway has at its start. In a cluster these are none: it claims them.
        `default_region` is that of channels that name none.
        """
        self._secret = secret
        self._clock = clock
        self._call_later = call_later
        self._token_bytes = token_bytes
        self._observe = observe
        self._num_shards = num_shards
        self._shards = set(shards)
        self._default_region = default_region
        self._links: Links
        self._listener: VoiceListener
        self._nodes: dict[str, Node] = {}
        self._rooms: dict[Room, str] = {}
        """The node of each room, while somebody is in it."""
        self._seats: dict[SeatKey, Placed] = {}
        self._claims = Claims()
        self._moving = MovingSeats(call_later=call_later, remove=self._remove_at)
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
            if name in self._nodes:
                self._nodes[name].address = address
            else:
                self._nodes[name] = Node(address)
        self._links.know({name: address.control for name, address in nodes.items()})
        self._use_room()

    # ---- what the gateway says

    @override
    def listen(self, listener: VoiceListener) -> None:
        self._listener = listener

    @override
    def place(self, seat: Seat, region: str = "") -> VoiceServer | None:
        self.remove(seat.key)
        return None if self._claims.hold(seat) else self._place(seat, region)

    @override
    def change(self, key: SeatKey, rights: Rights) -> None:
        self._claims.change(key, rights)
        placed = self._seats.get(key)
        if placed is None:
            return
        seat = msgspec.structs.replace(placed.seat, rights=rights)
        self._seats[key] = msgspec.structs.replace(placed, seat=seat)
        for name in filter(None, (placed.node, self._moving.find(key))):
            self._say(name, Change(key.server_id, key.user_id, rights))

    @override
    def relocate(self, room: Room, region: str) -> None:
        self._claims.relocate(room, region)
        name = self._rooms.get(room, "")
        if not name and self._takes_rooms():  # nobody waits for a node
            return
        known = self._nodes[name].seats if name else self._seats
        keys = [key for key in known if self._seats[key].seat.room == room]
        for key in keys:
            self._seats[key] = msgspec.structs.replace(self._seats[key], region=region)
        if name and (self._is_nearer(room, name, region) or self._is_call_elsewhere(room, name, region)):
            self._move(name, keys)

    @override
    def remove(self, key: SeatKey) -> None:
        self._claims.drop(key)
        self._moving.end(key)
        name = self._forget(key)
        if name:
            self._remove_at(name, key)

    @override
    def close_room(self, room: Room) -> None:
        name = self._rooms.get(room, "")
        self._claims.drop_room(room)
        for key, placed in list(self._seats.items()):
            if placed.seat.room == room:
                self._moving.end(key)
                self._forget(key)
        if name:
            self._say(name, CloseRoom(room))

    @override
    def claim(self, shards: Collection[int], seats: Collection[tuple[Seat, str]]) -> None:
        self._shards |= set(shards)
        rooms = self._claims.open(seats, self._nodes)
        for name, node in self._nodes.items():
            if node.is_up:
                self._ask(name, shards, rooms)
        self._call_later(CLAIM_S if self._nodes else 0, lambda: self._settle(self._claims.end(rooms)))

    @override
    def let_go(self, shards: Collection[int]) -> None:
        self._shards -= set(shards)
        for key, placed in list(self._seats.items()):
            if self._is_in(placed.seat.room, shards):
                self._moving.drop(key)
                self._forget(key)
        for room in self._claims.list_rooms():
            if self._is_in(room, shards):
                self._claims.drop_room(room)

    # ---- what the links say

    @override
    def on_begun(self, peer: str) -> None:
        node = self._nodes.get(peer)
        if node is None:
            return
        node.is_up = True
        self._ask(peer, self._shards, self._claims.list_rooms(peer))
        self._use_room()

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        node = self._nodes.get(peer)
        try:
            order = parse_to_gateway(frame)
        except Malformed:  # of another version; what it says otherwise still holds
            return
        if node is None:
            return
        match order:
            case Connected():
                self._on_connected(peer, order)
            case Ended():
                self._on_ended(peer, order)
            case Load():
                self._on_load(peer, node, order)
            case Held():
                self._take_held(peer, node, order)
            case Visited():
                self._listener.on_visited(order.session)
            case Spoke(keys=keys):
                self._on_spoke(peer, keys)
            case Leaving():
                node.address = msgspec.structs.replace(node.address, is_draining=True)
                self._use_room()

    @override
    def on_broken(self, peer: str) -> None:
        self._lose(peer)

    # ---- claims

    def _ask(self, name: str, shards: Collection[int], rooms: list[Room]) -> None:
        node = self._nodes[name]
        placed = [self._seats[key].seat for key in node.seats]
        here = [seat for seat in placed if seat.room.is_call or self._is_in(seat.room, shards)]
        node.asked.append(rooms)
        self._say(name, Claim(sorted(shards), self._num_shards, here + self._claims.list_seats(rooms)))

    def _take_held(self, name: str, node: Node, held: Held) -> None:
        for each in held.seats:
            self._epoch = max(self._epoch, each.epoch)
            if self._rooms.get(each.seat.room, name) != name:  # the room was split, and goes on where it is already
                continue
            adopted = self._claims.adopt(each.seat)
            if adopted is not None:
                seat, region = adopted
                self._put(Placed(seat, region, name, each.began_ms))
                if seat.rights != each.seat.rights:
                    self._say(name, Change(seat.key.server_id, seat.user_id, seat.rights))
        self._settle(self._claims.answer(name, node.asked.popleft() if node.asked else ()))

    def _settle(self, seats: Iterable[tuple[Seat, str]]) -> None:
        for seat, region in seats:
            self._listener.on_server(seat, self._place(seat, region))

    # ---- parts

    def _place(self, seat: Seat, region: str) -> VoiceServer | None:
        name = self._rooms.get(seat.room) or self._choose(seat.room, region)
        self._put(Placed(seat, region, name))
        if not name:
            return None
        self._epoch = max(self._epoch + 1, self._clock.now_ms())
        self._say(name, Admit(seat, self._epoch))
        claims = TokenClaims(
            seat, self._epoch, self._clock.now_ms() + TOKEN_LIFETIME_MS, self._token_bytes(NONCE_BYTES)
        )
        address = self._nodes[name].address
        return VoiceServer(sign_token(self._secret, claims), address.host, address.port)

    def _choose(self, room: Room, region: str) -> str:
        if self._has_own_place(room):
            return choose_call_node(self._nodes, room, region)
        return choose_node(self._nodes, region or self._default_region)

    def _put(self, placed: Placed) -> None:
        key = placed.seat.key
        self._seats[key] = placed
        if placed.node:
            self._rooms[placed.seat.room] = placed.node
            self._nodes[placed.node].seats.add(key)

    def _forget(self, key: SeatKey) -> str:
        """Forget a seat; return the node that it was at, or ""."""
        placed = self._seats.pop(key, None)
        if placed is None or not placed.node:
            return ""
        seats = self._nodes[placed.node].seats
        seats.discard(key)
        if not any(self._seats[other].seat.room == placed.seat.room for other in seats):
            self._rooms.pop(placed.seat.room, None)
        return placed.node

    def _lose(self, name: str) -> None:
        node = self._nodes.get(name)
        if node is None:
            return
        node.is_up, node.steady_s = False, math.inf
        node.asked.clear()
        self._moving.lose(name)
        lost = [self._seats[key] for key in node.seats]
        node.seats.clear()
        for placed in lost:
            self._rooms.pop(placed.seat.room, None)
            if placed.began_ms and not placed.seat.room.is_call:
                self._listener.on_visited(_guess_visit(placed, now_ms=self._clock.now_ms()))
        self._settle([(placed.seat, placed.region) for placed in lost])
        self._settle(self._claims.answer(name, self._claims.list_rooms(name)))

    def _use_room(self) -> None:
        """Place the seats that wait for a node, and move those of nodes that drain."""
        if not self._takes_rooms():
            return
        self._settle([(placed.seat, placed.region) for placed in list(self._seats.values()) if not placed.node])
        for name, node in self._nodes.items():
            if node.is_up and node.seats:
                self._move_off(name, node)

    def _takes_rooms(self) -> bool:
        return any(node.takes_rooms for node in self._nodes.values())

    def _move_off(self, name: str, node: Node) -> None:
        """Move seats to other nodes: all when this one drains, and calls that have another place now."""
        self._move(name, [key for key in node.seats if self._has_to_move(self._seats[key], node)])

    def _bring_near(self, region: str) -> None:
        """Move rooms to the node of their region that takes some, from where they began for want of one.

        Rooms that name no region stay where they began, also when their gateway changes, and calls of a cluster have a
        rule of their own. A room that moves already ends that first, as its old place is where its clients hear each
        other until then.
        """
        far: dict[Room, list[SeatKey]] = {}
        for node in self._nodes.values() if region else ():
            for key in node.seats if node.address.region != region else ():
                placed = self._seats[key]
                if placed.region == region:
                    far.setdefault(placed.seat.room, []).append(key)
        free = [
            room for room, keys in far.items() if not (self._has_own_place(room) or any(map(self._moving.find, keys)))
        ]
        for room in free[:MOST_NEARER]:
            self._move(self._rooms[room], far[room])

    def _move(self, name: str, keys: Iterable[SeatKey]) -> None:
        moved = [self._seats[key] for key in keys]
        for placed in moved:
            self._nodes[name].seats.discard(placed.seat.key)
            self._rooms.pop(placed.seat.room, None)
            self._moving.begin(placed.seat.key, name)
        self._settle([(placed.seat, placed.region) for placed in moved])

    def _is_in_region(self, name: str, region: str) -> bool:
        return bool(name) and self._nodes[name].address.region == (region or self._default_region)

    def _has_to_move(self, placed: Placed, node: Node) -> bool:
        return node.address.is_draining or self._is_call_elsewhere(placed.seat.room, placed.node, placed.region)

    def _has_own_place(self, room: Room) -> bool:
        """Return whether the room's own id chooses its node: it is a call of a cluster."""
        return room.is_call and self._num_shards > 1

    def _is_call_elsewhere(self, room: Room, name: str, region: str) -> bool:
        return self._has_own_place(room) and self._choose(room, region) != name

    def _is_nearer(self, room: Room, name: str, region: str) -> bool:
        """Return whether a room at this node would be in the region elsewhere, and is not here."""
        return not self._is_in_region(name, region) and self._is_in_region(self._choose(room, region), region)

    def _on_connected(self, name: str, order: Connected) -> None:
        key = SeatKey(order.server_id, order.user_id)
        if self._find_node(key) == name:
            self._seats[key] = msgspec.structs.replace(self._seats[key], began_ms=order.began_ms)
            self._moving.end(key)
            self._listener.on_connected(key, order.session_id)

    def _on_load(self, name: str, node: Node, order: Load) -> None:
        node.load = order
        self._observe(name, order)
        self._use_room()
        now_s = self._clock.monotonic_s()
        node.steady_s = min(node.steady_s, now_s) if node.takes_rooms else math.inf
        if now_s - node.steady_s >= STEADY_S:
            self._bring_near(node.address.region)

    def _on_ended(self, name: str, order: Ended) -> None:
        key = SeatKey(order.server_id, order.user_id)
        if self._find_node(key) == name:
            self._listener.on_ended(key, order.session_id)

    def _on_spoke(self, name: str, keys: Iterable[SeatKey]) -> None:
        for key in keys:
            if self._find_node(key) == name:
                self._listener.on_spoke(key)

    def _find_node(self, key: SeatKey) -> str:
        placed = self._seats.get(key)
        return "" if placed is None else placed.node

    def _is_in(self, room: Room, shards: Collection[int]) -> bool:
        return not room.is_call and shard_of(room.server_id, self._num_shards) in shards

    def _remove_at(self, name: str, key: SeatKey) -> None:
        self._say(name, Remove(key.server_id, key.user_id))

    def _say(self, name: str, order: ToNode) -> None:
        self._links.send(name, encode_order(order))


def _guess_visit(placed: Placed, *, now_ms: int) -> VoiceSession:
    """Return a stay at a node that is gone with all that it has measured. If it tells its own later, that counts."""
    room = placed.seat.room
    return VoiceSession(
        guild_id=room.server_id,
        began_ms=placed.began_ms,
        user_id=placed.seat.user_id,
        channel_id=room.channel_id,
        ended_ms=max(now_ms, placed.began_ms),
    )
