"""The directory: that everything which begins also ends, in whatever order clients and gateways do things."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.voice.orders import Admit, Change, CloseRoom, Remove
from core.voice.seats import Rights, Room, Seat
from core.voice.tokens import Claims, sign_token
from core_ext.media import Stream
from tests.support.instances import count_instances
from tests.support.voice.quiet_node import BOTH, GATEWAY, SECRET, FakeLink, QuietNode
from voice.crypto.suites import AES256_GCM
from voice.dave.negotiation import Negotiation
from voice.media.peer import Circle
from voice.media.udp_peer import UdpPeer
from voice.protocol.commands import Identify, Resume
from voice.rooms.directory import Refused
from voice.rooms.member import Member
from voice.rooms.room import OpenRoom
from voice.webrtc.connection import Connection
from voice.webrtc.peer import WebrtcPeer

KINDS = (Member, UdpPeer, WebrtcPeer, Connection, Stream, Circle, OpenRoom, Negotiation)


def test_ten_thousand_joins_leave_nothing() -> None:
    node, before = QuietNode(), count_instances(KINDS)
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
    del member, link
    assert not count_instances(KINDS) - before


def test_ended_member_cannot_come_back_into_the_room() -> None:
    node = QuietNode()
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
    node = QuietNode()
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
    node = QuietNode()
    _, link, _ = node.join(1)
    node.directory.admit("earlier", Admit(Seat(Room(10, 99), 1, "s", BOTH), 0))
    assert link.closed is None


def test_client_may_be_earlier_than_its_gateways_order() -> None:
    node = QuietNode()
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
    node = QuietNode()
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
        self.node = QuietNode()
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
