"""A room of a media node for fuzzing: two browsers and a bot, whose keys nobody has who only sends bytes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pylibsrtp import Policy

from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.voice.seats import Rights
from tests.fakes.clock import FakeClock
from tests.fakes.datagram_socket import record_into
from voice.crypto.suites import AesGcm
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.peer import Address, Circle
from voice.media.source import Source
from voice.media.stream import Stream
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer
from voice.video.camera import Camera
from voice.webrtc.gate import Gate
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.offer import Fingerprint, Offer
from voice.webrtc.srtp import SrtpKeys

RIGHTS = Rights(speak=True, hear=True, stream=True)
OFFER = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111, Codec.VP8: 96}, 1)
CERTIFICATE = NodeCertificate()
PLACES: tuple[Address, ...] = (("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.3", 3), ("203.0.113.9", 9))
"""Where the browsers and the bot are, and where nobody is."""


class VoiceRoom:
    """The room. `sent` is what the node sends."""

    def __init__(self) -> None:
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
            spawn=_leave_undone,
            after_step=lambda: None,
        )
        self.browsers = [self._add_browser(ssrc, PLACES[at]) for at, ssrc in enumerate((4, 8))]
        self.bot = UdpPeer(ssrc=12, suite=AesGcm(b"k" * 32), rights=RIGHTS, voice=Stream(48_000))
        self.forwarder.give(12)
        self.forwarder.add(self.bot, self.circle)

    def _add_browser(self, ssrc: int, place: Address) -> SrtpKeys:
        connection = self.gate.open(
            ssrc=ssrc,
            rights=RIGHTS,
            offer=OFFER,
            voice=Stream(48_000),
            camera=Camera(ssrc + 1, [Stream(90_000)]),
            screen=Camera(ssrc + 3, [Stream(90_000)], is_screen=True),
        )
        self.forwarder.give(ssrc)
        self.forwarder.add(connection.peer, self.circle)
        self.gate.know(connection, place)
        theirs, ours = SYSTEM_RANDOMNESS.token_bytes(30), SYSTEM_RANDOMNESS.token_bytes(30)
        connection.peer.keys = SrtpKeys(profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80, theirs=theirs, ours=ours)
        connection.peer.address = place
        connection.peer.film([Source(99)], Source(98))
        return SrtpKeys(profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80, theirs=ours, ours=theirs)


def _leave_undone(handshake: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    handshake.close()
    return _Undone()  # type: ignore[return-value]


class _Undone:
    def cancel(self) -> None:
        """Nothing runs."""
