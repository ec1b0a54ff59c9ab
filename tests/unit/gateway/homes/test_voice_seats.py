"""Seats at media nodes follow voice states: placed, moved, changed, removed, and the session is told where."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from core.domain.events import (
    CALL_PEERS_UPDATE,
    CALL_UPDATE,
    CHANNEL_UPDATE,
    GUILD_DELETE,
    VOICE_STATE_UPDATE,
    Audience,
)
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_session import VoiceSession
from core.voice.interfaces import VoiceListener, VoiceServer
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.wire.envelope import Envelope
from gateway.homes.voice_seats import VoiceSeats
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.support.gateway.sessions import make_session

GUILD, USER, CHANNEL, OTHER = 1, 101, 51, 52
KEY = SeatKey(GUILD, USER)


class Nodes:
    """The `VoiceNodes`, which keeps its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.server: VoiceServer | None = VoiceServer("token", "", 5)
        self.listener: VoiceListener

    def listen(self, listener: VoiceListener) -> None:
        """Keep the listener."""
        self.listener = listener

    def place(self, seat: Seat, region: str = "") -> VoiceServer | None:
        """Keep a seat, and say where."""
        self.calls.append(("place", seat.room.channel_id, seat.session_id, seat.rights))
        return self.server

    def change(self, key: SeatKey, rights: Rights) -> None:
        """Keep rights."""
        self.calls.append(("change", key, rights))

    def relocate(self, room: Room, region: str) -> None:
        """Keep a region."""
        self.calls.append(("relocate", room, region))

    def remove(self, key: SeatKey) -> None:
        """Keep a removal."""
        self.calls.append(("remove", key))

    def close_room(self, room: Room) -> None:
        """Keep a closing."""
        self.calls.append(("close", room))

    def claim(self, shards: Collection[int], seats: Collection[tuple[Seat, str]]) -> None:
        """Keep a claim."""
        self.calls.append(("claim", set(shards), list(seats)))

    def let_go(self, shards: Collection[int]) -> None:
        """Keep a letting go."""
        self.calls.append(("let go", set(shards)))

    def take(self) -> list[tuple[Any, ...]]:
        """Return the calls since the last time."""
        calls, self.calls = self.calls, []
        return calls


class Guilds:
    """The permissions of the user, in place of the guild directory."""

    held = 0

    def find(self, _guild_id: int) -> None:
        """No guild is live."""

    def voice_permissions(self, guild_id: int, user_id: int) -> int:
        """Return what the test says."""
        assert (guild_id, user_id) == KEY
        return self.held


class Scene:
    """The seats of a session's user."""

    def __init__(self) -> None:
        self.nodes, self.guilds = Nodes(), Guilds()
        self.logged: list[VoiceSession] = []
        self.session, self.connection = make_session(USER, session_id="a")
        known = {"a": self.session}
        guilds: Any = self.guilds
        self.seats = VoiceSeats(
            nodes=self.nodes,
            guilds=guilds,
            find_session=lambda seat: known.get(seat.session_id),
            host_for=lambda _session: "host",
            log=self.logged.append,
        )

    def follow(self, channel_id: int | None, **fields: Any) -> None:
        """Tell of a voice state."""
        state = {"session_id": "a", "mute": False, "deaf": False, "suppress": False, **fields}
        d = {**state, "channel_id": None if channel_id is None else str(channel_id)}
        self.seats.follow(
            Envelope(
                id=1,
                event=VOICE_STATE_UPDATE,
                audience=Audience.CHANNEL,
                payload=msgspec.Raw(msgspec.json.encode(d)),
                guild_id=GUILD,
                user_id=USER,
            )
        )

    def follow_call(self, channel_id: int | None, *, of: int = USER) -> None:
        """Tell the user of a voice state in a call, its own or another one's."""
        d = {"session_id": "a", "mute": False, "deaf": False, "suppress": False, "user_id": str(of)}
        d["channel_id"] = None if channel_id is None else str(channel_id)
        payload = msgspec.Raw(msgspec.json.encode(d))
        self.seats.follow_call(
            Envelope(id=1, event=VOICE_STATE_UPDATE, audience=Audience.USER, payload=payload, user_id=USER)
        )


def channel_update(channel_id: int) -> Envelope:
    """The event of a channel that was changed."""
    return Envelope(
        id=2,
        event=CHANNEL_UPDATE,
        audience=Audience.CHANNEL,
        payload=msgspec.Raw(b"{}"),
        guild_id=GUILD,
        channel_id=channel_id,
    )


@pytest.fixture
def scene() -> Scene:
    return Scene()


def told(connection: FakeConnection) -> list[tuple[str, Any]]:
    return connection.take()


ALL = Rights(speak=True, hear=True)


def test_call_is_asked_into_the_region_that_its_people_choose(scene: Scene) -> None:
    scene.follow_call(OTHER)
    scene.nodes.take()
    for channel, region, asked in (
        (OTHER, "us-east", ["us-east"]),
        (OTHER, "automatic", [""]),
        (CHANNEL, "us-east", []),
    ):
        d = {"channel_id": str(channel), "message_id": "1", "region": region, "ringing": []}
        payload = msgspec.Raw(msgspec.json.encode(d))
        scene.seats.move_call(Envelope(id=3, event=CALL_UPDATE, audience=Audience.USER, payload=payload, user_id=USER))
        assert scene.nodes.take() == [("relocate", Room(OTHER, OTHER), each) for each in asked]


def test_who_goes_back_to_the_node_is_told_where_unless_its_client_is_there(scene: Scene) -> None:
    def tell(state: str, session_id: str = "a") -> list[str]:
        """Tell of the peers of the call, and return what the session hears."""
        event = Envelope(
            id=4,
            event=CALL_PEERS_UPDATE,
            audience=Audience.USER,
            payload=msgspec.Raw(b'{"state":"%s"}' % state.encode()),
            user_id=USER,
            session_id=session_id,
        )
        scene.seats.renew_call(event)
        return [name for name, _ in told(scene.connection)]

    key, placed = SeatKey(OTHER, USER), ("place", OTHER, "a", Rights(speak=True, hear=True, stream=True))
    assert tell("node") == []
    scene.follow_call(OTHER)
    told(scene.connection)
    scene.nodes.take()
    assert [*tell("direct"), *tell("waiting"), *tell("node", "b")] == []
    assert tell("node") == ["VOICE_SERVER_UPDATE"]
    assert scene.nodes.take() == [placed]
    scene.seats.on_connected(key, "a")
    assert tell("node") == []
    scene.seats.on_ended(key, "a")
    assert tell("node") == ["VOICE_SERVER_UPDATE"]
    scene.seats.on_connected(key, "a")
    scene.follow_call(None)
    assert tell("node") == []


def test_room_of_a_changed_channel_is_asked_into_its_region(scene: Scene) -> None:
    scene.seats.follow(channel_update(CHANNEL))
    assert scene.nodes.take() == [("relocate", Room(GUILD, CHANNEL), "")]


def test_join_places_a_seat_and_tells_the_session(scene: Scene) -> None:
    scene.follow(CHANNEL)
    assert scene.nodes.take() == [("place", CHANNEL, "a", ALL)]
    [(event, update)] = told(scene.connection)
    assert event == "VOICE_SERVER_UPDATE"
    assert update["token"] == "token"
    assert update["guild_id"] == str(GUILD)
    assert update["endpoint"].endswith(":5")


def test_moves_and_other_sessions_are_placed_anew_and_rights_are_changed(scene: Scene) -> None:
    scene.follow(CHANNEL)
    scene.nodes.take()
    scene.follow(CHANNEL)
    assert scene.nodes.take() == []
    scene.follow(CHANNEL, mute=True)
    scene.follow(CHANNEL, suppress=True, deaf=True)
    muted, deaf = Rights(speak=False, hear=True), Rights(speak=False, hear=False)
    assert scene.nodes.take() == [("change", KEY, muted), ("change", KEY, deaf)]
    scene.follow(OTHER)
    scene.follow(OTHER, session_id="b")
    assert [call[:3] for call in scene.nodes.take()] == [("place", OTHER, "a"), ("place", OTHER, "b")]


def test_permissions_that_no_voice_state_tells_are_followed(scene: Scene) -> None:
    scene.seats.refresh(GUILD, USER)
    scene.guilds.held = int(Permission.STREAM)
    scene.follow(CHANNEL)
    assert scene.nodes.take() == [("place", CHANNEL, "a", Rights(speak=True, hear=True, stream=True))]
    scene.guilds.held = int(Permission.PRIORITY_SPEAKER)
    scene.seats.refresh(GUILD, USER)
    scene.seats.refresh(GUILD, USER)
    assert scene.nodes.take() == [("change", KEY, Rights(speak=True, hear=True, priority=True))]


@pytest.mark.parametrize("is_deleted", [False, True], ids=["left", "guild deleted"])
def test_seat_ends_with_its_voice_state_and_its_guild(scene: Scene, is_deleted: bool) -> None:
    scene.follow(CHANNEL)
    scene.nodes.take()
    if is_deleted:
        empty = msgspec.Raw(b"{}")
        scene.seats.follow(Envelope(id=1, event=GUILD_DELETE, audience=Audience.GUILD, payload=empty, guild_id=GUILD))
    else:
        scene.follow(None)
        scene.follow(None)
    assert scene.nodes.take() == [("remove", KEY)]


def test_lost_node_is_told_and_a_client_that_was_gone_gets_a_new_place(scene: Scene) -> None:
    scene.nodes.server = None
    scene.follow(CHANNEL)
    assert told(scene.connection) == []
    seat = Seat(Room(GUILD, CHANNEL), USER, "a", ALL)
    scene.seats.on_server(seat, VoiceServer("new", "node", 6))
    scene.seats.on_server(seat, None)
    assert [(d["token"], d["endpoint"]) for _, d in told(scene.connection)] == [("new", "node:6"), ("", None)]
    scene.nodes.take()
    scene.seats.on_connected(KEY, "a")
    scene.seats.on_ended(KEY, "b")
    scene.follow(CHANNEL)
    assert scene.nodes.take() == []
    scene.seats.on_ended(KEY, "a")
    scene.follow(CHANNEL)
    scene.follow(CHANNEL)
    assert scene.nodes.take() == [("place", CHANNEL, "a", ALL)]


def test_call_has_a_seat_of_its_channel_beside_that_of_a_guild(scene: Scene) -> None:
    scene.follow(CHANNEL)
    scene.follow_call(OTHER)
    scene.follow_call(OTHER)
    scene.follow_call(OTHER, of=USER + 1)
    everything = Rights(speak=True, hear=True, stream=True)
    assert scene.nodes.take()[1:] == [("place", OTHER, "a", everything)]
    _, (event, update) = told(scene.connection)
    assert (event, update["guild_id"], update["channel_id"]) == ("VOICE_SERVER_UPDATE", None, str(OTHER))
    scene.follow_call(CHANNEL)
    scene.follow_call(None)
    removed = [call for call in scene.nodes.take() if call[0] == "remove"]
    assert removed == [("remove", SeatKey(OTHER, USER)), ("remove", SeatKey(CHANNEL, USER))]
