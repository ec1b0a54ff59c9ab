"""A media node without sockets and without time: seats, rooms and media, and a gateway that admits whom a test wants."""

import secrets

import pytest

from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.voice.orders import Admit, ToGateway
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
from voice.protocol.commands import Identify
from voice.rooms.bounds import Bounds
from voice.rooms.directory import Directory
from voice.rooms.entrance import Entrance
from voice.rooms.member import Member
from voice.signalling.conversation import Conversation, NodeFacts
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
        self.pings = 0
        self.binary: list[bytes] = []
        """The binary ones of these."""

    def send(self, message: bytes, *, is_binary: bool = False) -> None:
        """Keep a message."""
        self.sent.append(message)
        if is_binary:
            self.binary.append(message)

    def ping(self) -> None:
        """Count a ping."""
        self.pings += 1

    def close(self, code: CloseCode) -> None:
        """Keep the code."""
        self.closed = self.closed or code


class QuietNode:
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
            after_step=lambda: None,
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

    def converse(self) -> tuple[Conversation, FakeLink]:
        """Open a socket to the voice gateway."""
        link = FakeLink()
        conversation = Conversation(
            link=link,
            media_ip="192.0.2.9",
            directory=self.directory,
            entrance=self.entrance,
            facts=NodeFacts(media_port=1, version="test"),
            bounds=Bounds(),
            clock=self.clock,
            call_later=self.timers.call_later,
        )
        conversation.open()
        return conversation, link

    def assert_empty(self) -> None:
        """Assert that nothing is left."""
        assert self.directory.sizes == (0, 0, 0, 0, 0)
        assert self.forwarder.sizes == (0, 0, 0)
        assert self.gate.sizes == (0, 0, 0)
        assert len(self.timers) == 0
