"""A room of a media node for fuzzing: two browsers and a bot, whose keys nobody has who only sends bytes. Beside it is
another room, to which nothing of that may come.
"""

import asyncio
import struct
from collections.abc import Coroutine
from typing import Any

from pylibsrtp import Policy

from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.voice.seats import Rights
from core_ext.media import Stream
from tests.fakes.clock import FakeClock
from tests.fakes.datagram_socket import record_into
from voice.crypto.suites import AesGcm
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.peer import Address, Circle, Peer
from voice.media.source import Source
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer
from voice.video.camera import Camera
from voice.webrtc.connection import Connection
from voice.webrtc.gate import Gate, Spawn
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.offer import Fingerprint, Offer
from voice.webrtc.srtp import SrtpKeys

RIGHTS = Rights(speak=True, hear=True, stream=True)
OFFER = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111, Codec.VP8: 96}, 1)
CERTIFICATE = NodeCertificate()
PLACES: tuple[Address, ...] = (("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.3", 3), ("203.0.113.9", 9))
"""Where the browsers and the bot are, and where nobody is."""
NEIGHBOURS: tuple[Address, ...] = (("198.51.100.1", 1), ("198.51.100.2", 2))
"""Where the browsers of the other room are."""
BOT, NEWCOMER = 12, 16


class VoiceRoom:
    """The room. `sent` is what the node sends."""

    def __init__(self, spawn: Spawn | None = None) -> None:
        """Handshakes are not run without `spawn`."""
        self.sent: list[tuple[bytes, Address]] = []
        self.tally = Tally()
        self.circle = Circle()
        clock = FakeClock()
        self.forwarder = Forwarder(
            departures=record_into(self.sent, self.tally),
            tally=self.tally,
            monotonic_s=clock.monotonic_s,
        )
        self.gate = Gate(
            forwarder=self.forwarder,
            tally=self.tally,
            clock=clock,
            randomness=SYSTEM_RANDOMNESS,
            certificate=CERTIFICATE,
            spawn=spawn or _leave_undone,
            after_step=lambda: None,
        )
        self.peers: list[Peer] = []
        self.browsers = [self._add_browser(ssrc, PLACES[at], self.circle) for at, ssrc in enumerate((4, 8))]
        self.bot = UdpPeer(ssrc=BOT, suite=AesGcm(b"k" * 32), rights=RIGHTS, voice=Stream(48_000))
        self.forwarder.give(BOT)
        self.forwarder.add(self.bot, self.circle)
        self.peers.append(self.bot)
        beside = Circle()
        for at, ssrc in enumerate((20, 24)):
            self._add_browser(ssrc, NEIGHBOURS[at], beside)

    @property
    def addresses(self) -> list[Address | None]:
        """Where media go to."""
        return [peer.address for peer in self.peers]

    def check_neighbours(self) -> None:
        """Check that nothing came to the other room. Raises AssertionError."""
        assert not [sent for sent in self.sent if sent[1] in NEIGHBOURS], "the other room was sent something"

    def expect_browser(self, ssrc: int, place: Address, circle: Circle) -> Connection:
        """Expect a browser, which is known at an address and has no keys yet."""
        connection = self.gate.open(
            ssrc=ssrc,
            rights=RIGHTS,
            offer=OFFER,
            voice=Stream(48_000),
            camera=Camera(ssrc + 1, [Stream(90_000)]),
            screen=Camera(ssrc + 3, [Stream(90_000)], is_screen=True),
        )
        self.forwarder.give(ssrc)
        self.forwarder.add(connection.peer, circle)
        self.gate.know(connection, place)
        return connection

    def _add_browser(self, ssrc: int, place: Address, circle: Circle) -> SrtpKeys:
        connection = self.expect_browser(ssrc, place, circle)
        self.peers.append(connection.peer)
        theirs, ours = SYSTEM_RANDOMNESS.token_bytes(30), SYSTEM_RANDOMNESS.token_bytes(30)
        connection.peer.keys = SrtpKeys(profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80, theirs=theirs, ours=ours)
        connection.peer.address = place
        connection.peer.film([Source(99)], Source(98))
        return SrtpKeys(profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80, theirs=ours, ours=theirs)


class Traffic:
    """Packets that members have made. `passed` are those that somebody was sent."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.passed: set[int] = set()

    def send_new(self, room: VoiceRoom, *, is_bot: bool) -> int:
        """Make the next packet of the bot or of a browser; return its place in the list."""
        number = len(self.packets)
        head = struct.pack(">BBHII", 0x80, 0x78 if is_bot else 111, number, number * 960, BOT if is_bot else 99)
        if is_bot:
            nonce = struct.pack(">I", number)
            packet = head + room.bot.suite.seal(b"voice", head, nonce) + nonce
        else:
            sealed = room.browsers[0].seal_rtp(head + b"voice")
            assert sealed is not None
            packet = sealed
        self.packets.append(packet)
        return number


def flip(packet: bytes, bit: int) -> bytes:
    """Change one bit of a packet."""
    changed = bytearray(packet)
    changed[bit // 8 % len(packet)] ^= 1 << bit % 8
    return bytes(changed)


def _leave_undone(handshake: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    handshake.close()
    return _Undone()  # type: ignore[return-value]


class _Undone:
    def cancel(self) -> None:
        """Nothing runs."""
