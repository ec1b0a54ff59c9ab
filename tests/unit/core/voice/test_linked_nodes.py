"""The nodes of a gateway: where rooms are placed, and what becomes of them when a node dies."""

from collections.abc import Mapping

from typing_extensions import override

from core.domain.guilds.voice_session import VoiceSession
from core.links.interfaces import Links, PeerAddress
from core.voice.interfaces import VoiceListener, VoiceServer
from core.voice.linked_nodes import LinkedVoiceNodes
from core.voice.orders import (
    Admit,
    Change,
    CloseRoom,
    Connected,
    Ended,
    Held,
    Load,
    Remove,
    Spoke,
    ToNode,
    encode_order,
    parse_to_node,
)
from core.voice.placement import NodeAddress
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.voice.tokens import read_token
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

SECRET = b"s" * 32
SPEAKS = Rights(speak=True, hear=True)
ONE = NodeAddress(PeerAddress("127.0.0.1", 1), "one.example", 8083)
TWO = NodeAddress(PeerAddress("127.0.0.1", 2), "", 8084)


class FakeLinks(Links):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, ToNode]] = []
        self.peers: dict[str, PeerAddress] = {}

    @override
    def send(self, peer: str, frame: bytes) -> bool:
        self.sent.append((peer, parse_to_node(frame)))
        return True

    @override
    def know(self, peers: Mapping[str, PeerAddress]) -> None:
        self.peers = dict(peers)


class Gateway(VoiceListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.servers: list[tuple[Seat, VoiceServer | None]] = []
        self.connected: list[tuple[SeatKey, str]] = []
        self.ended: list[tuple[SeatKey, str]] = []
        self.visits: list[VoiceSession] = []
        self.spoken: list[SeatKey] = []

    @override
    def on_server(self, seat: Seat, server: VoiceServer | None) -> None:
        self.servers.append((seat, server))

    @override
    def on_connected(self, key: SeatKey, session_id: str) -> None:
        self.connected.append((key, session_id))

    @override
    def on_visited(self, session: VoiceSession) -> None:
        self.visits.append(session)

    @override
    def on_ended(self, key: SeatKey, session_id: str) -> None:
        self.ended.append((key, session_id))

    @override
    def on_spoke(self, key: SeatKey) -> None:
        self.spoken.append(key)


class Scene:
    """Nodes over fake links."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.links = FakeLinks()
        self.gateway = Gateway()
        self.loads: list[tuple[str, Load]] = []
        self.nodes = LinkedVoiceNodes(
            secret=SECRET,
            clock=self.clock,
            call_later=self.timers.call_later,
            token_bytes=lambda size: b"r" * size,
            observe=lambda node, load: self.loads.append((node, load)),
        )
        self.nodes.attach(self.links)
        self.nodes.listen(self.gateway)

    def begin(self, **offered: NodeAddress) -> None:
        """Offer nodes whose conversations begin."""
        self.nodes.offer(offered)
        for name in offered:
            self.nodes.on_begun(name)
            self.nodes.on_frame(name, encode_order(Held([])))
        self.links.sent.clear()


def make_seat(user_id: int, channel_id: int = 20) -> Seat:
    """A seat in a guild."""
    return Seat(Room(10, channel_id), user_id, f"s{user_id}", SPEAKS)


def test_seat_is_admitted_where_its_token_leads() -> None:
    scene = Scene()
    scene.begin(one=ONE)
    server = scene.nodes.place(make_seat(1))
    assert server is not None
    assert server.endpoint_for("chat.example") == "one.example:8083"
    ((peer, order),) = scene.links.sent
    claims = read_token(SECRET, server.token, now_ms=scene.clock.now_ms())
    assert (peer, order) == ("one", Admit(make_seat(1), claims.epoch))
    assert claims.seat == make_seat(1)


def test_endpoint_is_the_clients_own_host_where_none_is_set() -> None:
    assert VoiceServer("t", "", 8083).endpoint_for("chat.example") == "chat.example:8083"
    assert VoiceServer("t", "", 8083).endpoint_for("::1") == "[::1]:8083"


def test_room_stays_on_one_node_and_the_next_goes_to_the_emptier() -> None:
    scene = Scene()
    scene.begin(one=ONE, two=TWO)
    for user_id in range(4):
        scene.nodes.place(make_seat(user_id))
    scene.nodes.place(make_seat(9, channel_id=21))
    assert [peer for peer, _ in scene.links.sent] == ["one"] * 4 + ["two"]


def test_busy_node_takes_no_new_rooms() -> None:
    scene = Scene()
    scene.begin(one=ONE, two=TWO)
    scene.nodes.on_frame("one", encode_order(Load(9, 99, 0.95)))
    scene.nodes.place(make_seat(1))
    assert scene.links.sent[0][0] == "two"
    assert [node for node, _ in scene.loads] == ["one"]


def test_epochs_rise_also_when_the_clock_steps_back() -> None:
    scene = Scene()
    scene.begin(one=ONE)
    scene.nodes.place(make_seat(1))
    scene.clock.step_back(60)
    scene.nodes.place(make_seat(1))
    admitted = [order.epoch for _, order in scene.links.sent if isinstance(order, Admit)]
    assert admitted[0] < admitted[1]


def test_seat_that_is_placed_again_is_removed_where_it_was() -> None:
    scene = Scene()
    scene.begin(one=ONE, two=TWO)
    scene.nodes.place(make_seat(1))
    scene.nodes.place(make_seat(2, channel_id=21))
    scene.nodes.place(make_seat(1, channel_id=21))
    assert [(peer, type(order)) for peer, order in scene.links.sent] == [
        ("one", Admit), ("two", Admit), ("one", Remove), ("two", Admit),
    ]  # fmt: skip


def test_rights_and_ends_go_to_the_node() -> None:
    scene = Scene()
    scene.begin(one=ONE)
    muted = Rights(speak=False, hear=True)
    scene.nodes.change(SeatKey(10, 1), muted)
    scene.nodes.remove(SeatKey(10, 1))
    assert not scene.links.sent
    scene.nodes.place(make_seat(1))
    scene.nodes.change(SeatKey(10, 1), muted)
    scene.nodes.close_room(Room(10, 20))
    scene.nodes.remove(SeatKey(10, 1))
    assert [order for _, order in scene.links.sent[1:]] == [Change(10, 1, muted), CloseRoom(Room(10, 20))]


def test_death_of_a_node_places_its_seats_again_with_their_rights() -> None:
    scene = Scene()
    scene.begin(one=ONE, two=TWO)
    first = scene.nodes.place(make_seat(1))
    scene.nodes.place(make_seat(2, channel_id=21))
    scene.nodes.change(SeatKey(10, 1), Rights(speak=False, hear=True))
    scene.nodes.on_broken("one")
    ((seat, server),) = scene.gateway.servers
    assert server is not None
    assert first is not None
    assert server.port == TWO.port
    assert seat.rights == Rights(speak=False, hear=True)
    earlier = read_token(SECRET, first.token, now_ms=scene.clock.now_ms())
    assert read_token(SECRET, server.token, now_ms=scene.clock.now_ms()).epoch > earlier.epoch


def test_seats_without_a_node_wait_for_one() -> None:
    scene = Scene()
    assert scene.nodes.place(make_seat(1)) is None
    scene.begin(one=ONE)
    ((seat, server),) = scene.gateway.servers
    assert seat == make_seat(1)
    assert server is not None
    scene.nodes.offer({})
    assert scene.gateway.servers[1] == (make_seat(1), None)
    assert scene.links.peers == {}
    scene.begin(two=TWO)
    assert scene.gateway.servers[2][1] is not None


def test_removed_seat_is_not_placed_again() -> None:
    scene = Scene()
    scene.begin(one=ONE, two=TWO)
    scene.nodes.place(make_seat(1))
    scene.nodes.remove(SeatKey(10, 1))
    scene.nodes.on_broken("one")
    assert not scene.gateway.servers


def test_gateway_is_told_of_clients() -> None:
    scene = Scene()
    scene.begin(one=ONE)
    scene.nodes.on_frame("one", encode_order(Connected(10, 1, "s1", 5)))
    assert not scene.gateway.connected
    scene.nodes.place(make_seat(1))
    scene.nodes.on_frame("one", encode_order(Connected(10, 1, "s1", 5)))
    scene.nodes.on_frame("one", encode_order(Ended(10, 1, "s1")))
    scene.nodes.on_frame("one", b"\xff")
    assert scene.gateway.connected == scene.gateway.ended == [(SeatKey(10, 1), "s1")]
    scene.nodes.on_frame("one", encode_order(Spoke([SeatKey(10, 1), SeatKey(10, 2)])))
    assert scene.gateway.spoken == [SeatKey(10, 1)]
