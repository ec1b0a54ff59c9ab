"""The directory: that everything which begins also ends, in whatever order clients and gateways do things."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.voice.orders import Admit, Change, CloseRoom, Remove, ToGateway
from core.voice.seats import Rights, Room, Seat
from core.voice.tokens import Claims, sign_token
from core.wire.close_codes import CloseCode
from tests.fakes.clock import FakeClock
from tests.fakes.datagram_socket import record_into
from tests.fakes.timers import FakeTimers
from voice.crypto.suites import AES256_GCM
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.tally import Tally
from voice.mls.external_sender import ExternalSender
from voice.protocol.commands import Identify, Resume
from voice.rooms.bounds import Bounds
from voice.rooms.directory import Directory, Refused
from voice.rooms.entrance import Entrance
from voice.rooms.member import Member
from voice.webrtc.gate import Gate
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.offer import Fingerprint, Offer

SECRET = b"s" * 32
GATEWAY = "gateway"
CERTIFICATE = NodeCertificate()
BOTH = Rights(speak=True, hear=True)
OFFER = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111}, 1)


class FakeLink:
    """A socket that keeps what it is given."""

    client_ip = "192.0.2.1"

    def __init__(self) -> None:
        self.closed: CloseCode | None = None
        self.sent: list[bytes] = []

    def send(self, message: bytes, *, is_binary: bool = False) -> None:
        """Keep a message."""
        self.sent.append(message)

    def close(self, code: CloseCode) -> None:
        """Keep the code."""
        self.closed = self.closed or code


class Node:
    """A directory and what is around it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.told: list[tuple[str, ToGateway]] = []
        tally = Tally()
        self.forwarder = Forwarder(departures=record_into([], tally), tally=tally, monotonic_s=self.clock.monotonic_s)
        self.directory = Directory(
            secret=SECRET,
            forwarder=self.forwarder,
            tally=tally,
            clock=self.clock,
            call_later=self.timers.call_later,
            randomness=SYSTEM_RANDOMNESS,
            external_sender=ExternalSender(),
            tell=lambda gateway, order: self.told.append((gateway, order)),
            bounds=Bounds(),
        )
        self.gate = Gate(
            forwarder=self.forwarder,
            tally=tally,
            clock=self.clock,
            randomness=SYSTEM_RANDOMNESS,
            certificate=CERTIFICATE,
            spawn=lambda _handshake: pytest.fail("nobody has sent anything"),
        )
        self.entrance = Entrance(
            directory=self.directory,
            forwarder=self.forwarder,
            gate=self.gate,
            randomness=SYSTEM_RANDOMNESS,
            port=1,
        )
        self.epoch = 0

    def admit(self, user_id: int, channel_id: int = 20) -> str:
        """Admit a user; return its token."""
        self.epoch += 1
        seat = Seat(Room(10, channel_id), user_id, "s", BOTH)
        self.directory.admit(GATEWAY, Admit(seat, self.epoch))
        return sign_token(SECRET, Claims(seat, self.epoch, self.clock.now_ms() + 60_000, secrets.token_bytes(12)))

    def sit(self, user_id: int, token: str) -> tuple[Member, FakeLink]:
        """Take a seat."""
        link = FakeLink()
        claims = self.directory.check(Identify("10", str(user_id), "s", token))
        member = self.directory.sit(claims, token, link)
        assert member is not None
        return member, link

    def join(self, user_id: int, channel_id: int = 20) -> tuple[Member, FakeLink, str]:
        """Take a seat and enter the room."""
        token = self.admit(user_id, channel_id)
        member, link = self.sit(user_id, token)
        if user_id % 2:
            self.entrance.select_udp(member, mode=AES256_GCM, address=("192.0.2.1", 5))
        else:
            self.entrance.select_webrtc(member, offer=OFFER, media_ip="192.0.2.9")
        self.directory.enter(member)
        return member, link, token

    def assert_empty(self) -> None:
        """Assert that nothing is left."""
        assert self.directory.sizes == (0, 0, 0, 0, 0)
        assert self.forwarder.sizes == (0, 0, 0)
        assert self.gate.sizes == (0, 0, 0)
        assert len(self.timers) == 0


def test_ten_thousand_joins_leave_nothing() -> None:
    node = Node()
    for number in range(10_000):
        user_id = number % 50
        member, link, _ = node.join(user_id, channel_id=20 + number % 3)
        if number % 4 == 1:
            node.directory.detach(member, link, is_final=True)
        elif number % 4 == 2:
            node.directory.detach(member, link, is_final=False)
        elif number % 4 == 3:
            node.directory.remove(GATEWAY, Remove(10, user_id))
    node.timers.run()
    for user_id in range(50):
        node.directory.remove(GATEWAY, Remove(10, user_id))
    node.assert_empty()


def test_ended_member_cannot_come_back_into_the_room() -> None:
    node = Node()
    member, link, token = node.join(1)
    node.directory.remove(GATEWAY, Remove(10, 1))
    assert link.closed is not None
    assert link.closed.code == 4014
    with pytest.raises(Refused):
        node.entrance.select_udp(member, mode=AES256_GCM, address=("192.0.2.1", 5))
    with pytest.raises(Refused):
        node.directory.resume(Resume("10", "s", token, 0), FakeLink())
    node.assert_empty()


def test_client_of_another_gateways_seat_stays() -> None:
    node = Node()
    _, link, _ = node.join(1)
    node.directory.lose_gateway("another")
    node.timers.run()
    assert link.closed is None
    node.directory.lose_gateway(GATEWAY)
    assert link.closed is None
    node.timers.run()
    assert link.closed is not None
    node.assert_empty()


def test_late_order_of_an_earlier_gateway_changes_nothing() -> None:
    node = Node()
    _, link, _ = node.join(1)
    node.directory.admit("earlier", Admit(Seat(Room(10, 99), 1, "s", BOTH), 0))
    assert link.closed is None


def test_client_may_be_earlier_than_its_gateways_order() -> None:
    node = Node()
    seat = Seat(Room(10, 20), 1, "s", BOTH)
    token = sign_token(SECRET, Claims(seat, 5, node.clock.now_ms() + 60_000, b"n" * 12))
    claims = node.directory.check(Identify("10", "1", "s", token))
    link = FakeLink()
    assert node.directory.sit(claims, token, link) is None
    came: list[bool] = []
    end = node.directory.wait(seat.key, lambda: came.append(True))
    node.directory.admit(GATEWAY, Admit(seat, 5))
    assert came == [True]
    end()
    assert node.directory.sit(claims, token, link) is not None
    node.directory.close()
    node.assert_empty()


def test_member_without_rights_does_not_seem_to_speak() -> None:
    node = Node()
    _, other, _ = node.join(1)
    member, _, _ = node.join(2)
    node.directory.announcements.speak(member, 5)
    node.directory.change(GATEWAY, Change(10, 2, Rights(speak=False, hear=True)))
    node.directory.announcements.speak(member, 1)
    said = [message for message in other.sent if b'"op":5' in message]
    assert [b'"speaking":1' in message for message in said] == [True, False], "5 has the priority that it may not have"


class Steps:
    """What may happen, by number."""

    def __init__(self) -> None:
        self.node = Node()
        self.members: list[tuple[Member, FakeLink, str]] = []

    def take(self, step: int, user_id: int) -> None:
        """Do something."""
        directory = self.node.directory
        match step:
            case 0 | 1:
                self.members.append(self.node.join(user_id, channel_id=20 + step))
            case 2:
                self.node.admit(user_id)
            case 3:
                directory.remove(GATEWAY, Remove(10, user_id))
            case 4:
                directory.close_room(GATEWAY, CloseRoom(Room(10, 20)))
            case 5 | 6 if self.members:
                member, link, _ = self.members[user_id % len(self.members)]
                directory.detach(member, link, is_final=step == 5)
            case 7 if self.members:
                self._resume(*self.members[user_id % len(self.members)])
            case 8:
                self.node.timers.advance(20)

    def _resume(self, member: Member, _link: FakeLink, token: str) -> None:
        link = FakeLink()
        try:
            self.node.directory.resume(Resume("10", "s", token, -1), link)
        except Refused:
            return
        self.members.append((member, link, token))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), max_size=40))
def test_whatever_happens_nothing_is_left(steps: list[tuple[int, int]]) -> None:
    scene = Steps()
    for step, user_id in steps:
        scene.take(step, user_id)
        directory = scene.node.directory
        expected, members, tokens, _, _ = directory.sizes
        assert members == tokens
        assert members <= expected
        assert scene.node.forwarder.sizes[0] == members
    scene.node.timers.run()
    scene.node.directory.close()
    scene.node.assert_empty()
