"""The nodes of a cluster: regions, full nodes, draining, calls, and what a gateway takes over from another one."""

from core.domain.guilds.voice_session import VoiceSession
from core.links.interfaces import PeerAddress
from core.voice.interfaces import VoiceServer
from core.voice.linked_nodes import MOST_NEARER, STEADY_S, LinkedVoiceNodes
from core.voice.orders import Admit, Change, Claim, Connected, Held, HeldSeat, Leaving, Load, Remove, encode_order
from core.voice.placement import NodeAddress
from core.voice.seats import Rights, Room, Seat, SeatKey
from tests.unit.core.voice.test_linked_nodes import SPEAKS, FakeLinks, Gateway, Scene, make_seat

MUTED = Rights(speak=False, hear=True)
NUM_SHARDS = 4
GUILD = 1 << 22
"""In shard 1."""


def address(number: int, region: str = "", *, is_draining: bool = False) -> NodeAddress:
    """A node's address."""
    return NodeAddress(PeerAddress("127.0.0.1", number), f"node{number}", number, region, is_draining)


def seat(user_id: int, channel_id: int = 7, rights: Rights = SPEAKS) -> Seat:
    """A seat in the guild."""
    return Seat(Room(GUILD, channel_id), user_id, f"s{user_id}", rights)


class Clustered(Scene):
    """A gateway of a cluster, which has no shard yet."""

    def __init__(self) -> None:
        super().__init__()
        self.links, self.gateway = FakeLinks(), Gateway()
        self.nodes = LinkedVoiceNodes(
            secret=b"s" * 32,
            clock=self.clock,
            call_later=self.timers.call_later,
            token_bytes=lambda size: b"r" * size,
            num_shards=NUM_SHARDS,
            shards=(),
            default_region="near",
        )
        self.nodes.attach(self.links)
        self.nodes.listen(self.gateway)

    def hold(self, node: str, *seats: Seat) -> None:
        """Have a node answer a claim."""
        self.nodes.on_frame(node, encode_order(Held([HeldSeat(each, 5, 100) for each in seats])))

    def places(self) -> dict[int, int | None]:
        """Where each user was told to go, by the port."""
        return {each.user_id: None if server is None else server.port for each, server in self.gateway.servers}


def test_rooms_are_in_the_region_of_their_channel_or_in_that_of_the_worker_if_there_is_a_node() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "far"), two=address(2, "near"))
    places = [scene.nodes.place(make_seat(user_id, channel_id=user_id), region) for user_id, region in
              ((1, "far"), (2, "near"), (3, ""), (4, "nowhere"))]  # fmt: skip
    assert [place.port for place in places if place is not None] == [1, 2, 2, 1]


def test_room_whose_channel_names_another_region_moves_there_if_there_is_a_node() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "far"), two=address(2, "near"))
    room, other = make_seat(1).room, make_seat(3, channel_id=21)
    for placed in (make_seat(1), make_seat(2), other):
        scene.nodes.place(placed)
    scene.nodes.relocate(room, "nowhere")
    scene.nodes.relocate(Room(10, 99), "far")
    assert scene.places() == {}
    scene.nodes.relocate(room, "far")
    assert scene.places() == {1: 1, 2: 1}
    scene.nodes.relocate(room, "far")
    assert len(scene.gateway.servers) == 2
    scene.nodes.relocate(room, "")
    assert scene.places() == {1: 2, 2: 2}


def tell_loads(scene: Scene, node: str, busy: float = 0.1) -> None:
    """Have a node tell the same load for a while."""
    for passed_s in (0, STEADY_S):
        scene.clock.advance(passed_s)
        scene.nodes.on_frame(node, encode_order(Load(1, 1, busy)))


def test_rooms_move_to_the_node_that_their_region_gets_later_a_few_at_a_time() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "near"))
    for user_id in range(1, 7):
        scene.nodes.place(make_seat(user_id, channel_id=user_id), "far")
    scene.nodes.place(make_seat(7, channel_id=6), "far")
    scene.nodes.place(make_seat(8, channel_id=8))
    scene.nodes.place(make_seat(9, channel_id=9), "nowhere")
    scene.begin(one=address(1, "near"), two=address(2, "far"))
    tell_loads(scene, "two", busy=0.95)
    tell_loads(scene, "one")
    assert scene.places() == {}, "the one in the region is full"
    tell_loads(scene, "two")
    assert len({each.room for each, _ in scene.gateway.servers}) == MOST_NEARER
    for node in ("two", "one", "two"):
        tell_loads(scene, node)
    assert scene.places() == dict.fromkeys(range(1, 8), 2)
    assert len(scene.gateway.servers) == 7, "each is told once"


def test_rooms_do_not_move_to_a_node_that_comes_and_goes() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "near"))
    scene.nodes.place(make_seat(1), "far")
    two = {"one": address(1, "near"), "two": address(2, "far")}
    scene.begin(**two)
    load = encode_order(Load(1, 1, 0.1))

    def have_gone() -> None:
        scene.nodes.on_broken("two")
        scene.nodes.on_begun("two")

    def be_full() -> None:
        scene.nodes.on_frame("two", encode_order(Load(1, 1, 0.95)))

    def drain() -> None:
        scene.nodes.offer({**two, "two": address(2, "far", is_draining=True)})
        scene.nodes.on_frame("two", load)
        scene.nodes.offer(two)

    for happen in (have_gone, be_full, drain):
        scene.nodes.on_frame("two", load)
        scene.clock.advance(STEADY_S - 1)
        happen()
        scene.nodes.on_frame("two", load)
        scene.clock.advance(1)
        scene.nodes.on_frame("two", load)
    assert scene.places() == {}
    scene.clock.advance(STEADY_S)
    scene.nodes.on_frame("two", load)
    assert scene.places() == {1: 2}


def test_room_that_moves_to_its_region_is_heard_where_it_was_until_its_clients_have_come() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "near"))
    scene.nodes.place(make_seat(1), "far")
    scene.begin(one=address(1, "near"), two=address(2, "far"))
    tell_loads(scene, "two")
    assert [order for peer, order in scene.links.sent if peer == "one" and not isinstance(order, Claim)] == []
    scene.nodes.on_frame("two", encode_order(Connected(10, 1, "s1", 5)))
    assert [order for peer, order in scene.links.sent if peer == "one"][-1] == Remove(10, 1)


def test_room_that_is_moving_ends_that_before_it_moves_to_its_region() -> None:
    scene = Clustered()
    nodes = {"one": address(1, "near"), "two": address(2, "near"), "three": address(3, "far")}
    scene.begin(one=nodes["one"], two=nodes["two"])
    scene.nodes.place(make_seat(1), "far")
    scene.begin(**{**nodes, "three": address(3, "far", is_draining=True)})
    scene.nodes.offer(nodes)
    scene.nodes.on_frame("three", encode_order(Load(1, 1, 0.1)))
    scene.clock.advance(STEADY_S)
    scene.nodes.offer(
        {**nodes, "one": address(1, "near", is_draining=True), "three": address(3, "far", is_draining=True)}
    )
    assert scene.places() == {1: 2}
    scene.nodes.offer(nodes)
    tell_loads(scene, "three")
    assert scene.places() == {1: 2}
    scene.nodes.on_frame("two", encode_order(Connected(10, 1, "s1", 5)))
    tell_loads(scene, "three")
    assert scene.places() == {1: 3}


def test_region_that_a_channel_names_while_its_room_is_unsure_holds_when_it_is_placed() -> None:
    scene = Clustered()
    scene.begin(one=address(1, "far"), two=address(2, "near"))
    scene.nodes.claim([1], [(seat(1), "near")])
    scene.nodes.relocate(seat(1).room, "far")
    scene.hold("one")
    scene.hold("two")
    assert scene.places() == {1: 1}


def test_without_a_node_that_takes_rooms_seats_wait_until_one_does() -> None:
    scene = Scene()
    scene.begin(one=address(1))
    scene.nodes.on_frame("one", encode_order(Load(9, 99, 0.95)))
    assert scene.nodes.place(make_seat(1)) is None
    scene.nodes.on_frame("one", encode_order(Load(9, 99, 0.5)))
    assert [server is not None for _, server in scene.gateway.servers] == [True]


def test_draining_moves_seats_which_end_at_the_old_node_when_clients_have_come() -> None:
    scene = Scene()
    scene.begin(one=address(1))
    scene.nodes.place(make_seat(1))
    scene.nodes.place(make_seat(2))
    scene.begin(one=address(1), two=address(2))
    scene.nodes.offer({"one": address(1, is_draining=True), "two": address(2)})
    assert {server.port for _, server in scene.gateway.servers if server is not None} == {2}
    assert [type(order) for peer, order in scene.links.sent if peer == "one"] == []
    scene.nodes.change(SeatKey(10, 1), MUTED)
    assert [peer for peer, order in scene.links.sent if order == Change(10, 1, MUTED)] == ["two", "one"]
    scene.nodes.on_frame("two", encode_order(Connected(10, 1, "s1", 5)))
    assert [order for peer, order in scene.links.sent if peer == "one"][1:] == [Remove(10, 1)]
    scene.timers.advance(60)
    assert [order for peer, order in scene.links.sent if peer == "one"][2:] == [Remove(10, 2)]


def test_removal_of_a_seat_that_moves_ends_both() -> None:
    scene = Scene()
    scene.begin(one=address(1), two=address(2))
    scene.nodes.place(make_seat(1))
    scene.nodes.on_frame("one", encode_order(Leaving()))
    scene.nodes.remove(SeatKey(10, 1))
    assert sorted(peer for peer, order in scene.links.sent if order == Remove(10, 1)) == ["one", "two"]


def test_claimed_seats_stay_where_they_are_and_rights_are_set_right() -> None:
    scene = Clustered()
    scene.begin(one=address(1), two=address(2))
    scene.nodes.claim({1}, [(seat(1), ""), (seat(2, rights=MUTED), "")])
    claim = Claim([1], NUM_SHARDS, [seat(1), seat(2, rights=MUTED)])
    assert scene.links.sent == [("one", claim), ("two", claim)]
    scene.hold("two", seat(1), seat(2))
    scene.hold("one")
    assert not scene.gateway.servers
    assert scene.links.sent[2:] == [("two", Change(GUILD, 2, MUTED))]
    scene.nodes.place(seat(3))
    assert [peer for peer, order in scene.links.sent if isinstance(order, Admit)] == ["two"]


def test_claimed_seats_that_no_node_has_are_placed_with_the_others_of_their_room() -> None:
    scene = Clustered()
    scene.begin(one=address(1), two=address(2))
    scene.nodes.claim({1}, [(seat(1), ""), (seat(2), "")])
    assert scene.nodes.place(seat(3)) is None
    scene.hold("two", seat(1))
    scene.hold("one")
    assert scene.places() == {2: 2, 3: 2}


def test_claims_do_not_wait_for_ever_for_nodes_that_say_nothing() -> None:
    scene = Clustered()
    scene.nodes.offer({"one": address(1), "two": address(2)})
    scene.nodes.on_begun("one")
    scene.nodes.claim({1}, [(seat(1), "")])
    scene.hold("one")
    scene.hold("one")
    assert scene.places() == {}
    scene.timers.advance(60)
    assert scene.places() == {1: 1}


def test_dead_node_is_not_waited_for_and_a_split_room_goes_on_at_the_first() -> None:
    scene = Clustered()
    scene.begin(one=address(1), two=address(2), three=address(3))
    scene.nodes.claim({1}, [(seat(1), ""), (seat(2), "")])
    scene.hold("two", seat(1))
    scene.hold("one", seat(2))
    scene.nodes.on_broken("three")
    assert scene.places() == {2: 2}


def test_node_that_begins_later_is_asked_for_what_is_not_known_and_told_the_rest() -> None:
    scene = Clustered()
    scene.nodes.offer({"one": address(1)})
    scene.nodes.claim({1}, [(seat(1), "")])
    scene.nodes.on_begun("one")
    assert scene.links.sent == [("one", Claim([1], NUM_SHARDS, [seat(1)]))]
    scene.hold("one", seat(1))
    scene.nodes.remove(seat(1).key)
    assert scene.links.sent[-1] == ("one", Remove(GUILD, 1))


def test_shards_that_are_let_go_are_forgotten_without_a_word() -> None:
    scene = Clustered()
    scene.begin(one=address(1))
    scene.nodes.claim({1}, [(seat(1), "")])
    scene.hold("one", seat(1))
    scene.links.sent.clear()
    scene.nodes.let_go({1})
    scene.nodes.remove(seat(1).key)
    scene.nodes.on_broken("one")
    assert not scene.links.sent
    assert not scene.gateway.servers


def test_call_is_in_the_region_that_its_people_have_chosen_at_all_gateways() -> None:
    nodes = {f"n{number}": address(number, "far" if number > 3 else "near") for number in range(1, 6)}
    scenes = Clustered(), Clustered()
    for scene in scenes:
        scene.begin(**nodes)
    for channel_id in range(100, 110):
        room = Room(channel_id, channel_id)
        first = {find_port(scene.nodes.place(Seat(room, 1, "s", SPEAKS))) for scene in scenes}
        for scene in scenes:
            scene.nodes.relocate(room, "far")
        late = {find_port(scene.nodes.place(Seat(room, 2, "s", SPEAKS), "far")) for scene in scenes}
        assert len(first) == len(late) == 1
        assert late < {4, 5}
        for scene in scenes:
            assert {scene.places().get(1, *first)} == late
            scene.nodes.relocate(room, "")
            assert {scene.places().get(user_id, *late) for user_id in (1, 2)} == first
            scene.gateway.servers.clear()


def find_port(server: VoiceServer | None) -> int:
    """The port of a place."""
    assert server is not None
    return server.port


def test_call_is_at_the_node_that_all_gateways_choose_and_moves_when_they_choose_another() -> None:
    nodes = {f"n{number}": address(number) for number in range(1, 6)}
    scenes = Clustered(), Clustered()
    for scene in scenes:
        scene.begin(**nodes)
    scenes[0].nodes.on_frame("n1", encode_order(Load(9, 99, 0.99)))
    for channel_id in range(100, 110):
        room = Room(channel_id, channel_id)
        ports = {scene.nodes.place(Seat(room, user_id, "s", SPEAKS)).port  # type: ignore[union-attr]
                 for user_id, scene in enumerate(scenes)}  # fmt: skip
        assert len(ports) == 1
    for scene in scenes:
        scene.nodes.offer(dict(list(nodes.items())[1:]))
        assert all(server is not None for _, server in scene.gateway.servers)
    moved = [{each.room: server.port for each, server in scene.gateway.servers if server} for scene in scenes]
    assert moved[0] == moved[1]
    for scene in scenes:
        scene.begin(**nodes)
    back = [{each.room: server.port for each, server in scene.gateway.servers if server} for scene in scenes]
    assert back[0] == back[1]
    assert set(back[0].values()) == {1}


def test_stays_are_told_also_when_their_node_dies() -> None:
    scene = Scene()
    scene.begin(one=address(1))
    scene.nodes.place(make_seat(1))
    scene.nodes.on_frame("one", encode_order(Connected(10, 1, "s1", scene.clock.now_ms())))
    began_ms = scene.clock.now_ms()
    scene.clock.advance(7)
    scene.nodes.on_broken("one")
    assert scene.gateway.visits == [
        VoiceSession(guild_id=10, began_ms=began_ms, user_id=1, channel_id=20, ended_ms=began_ms + 7000)
    ]
