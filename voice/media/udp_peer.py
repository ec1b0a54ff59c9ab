"""A peer of Discord's own protocol: one key for both directions, nonces on the wire."""

import math
from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from core.voice.seats import Rights
from core_ext.media import (
    VOICE_PACKETS,
    Activity,
    KeptBack,
    Passing,
    Receiver,
    Ring,
    Stream,
    View,
    measure_loudness,
    parse_rtp,
)
from voice.crypto.nonces import FreshNonces
from voice.crypto.suites import Suite
from voice.media.passing import DISCORD_FORM, Codec
from voice.media.peer import MOST_TAKEN, Circle, Peer
from voice.media.source import Source, Wants
from voice.packets.rtp import NONCE_BYTES, measure_header

_OPUS_ALONE: Final = {Codec.OPUS: DISCORD_FORM}


class UdpPeer(Peer):
    """The peer."""

    __slots__ = (
        "_rights", "_second_s", "_taken", "activity", "circle", "forms", "fresh", "heard", "receiver", "ssrc", "suite",
        "views", "voice",
    )  # fmt: skip

    def __init__(self, *, ssrc: int, suite: Suite, rights: Rights, voice: Stream) -> None:
        """`voice` numbers its packets, and outlives it when the client takes other keys."""
        self.ssrc = ssrc
        self.suite = suite
        self.circle: Circle | None = None
        self.rights = rights
        self.fresh = FreshNonces()
        self.activity = Activity()
        self.forms = _OPUS_ALONE
        self.receiver = Receiver()
        self.receiver.seal = suite.make_seal()
        self.voice = voice
        self.heard = Ring(VOICE_PACKETS)
        self.views: dict[int, View] = {}
        self._second_s = -math.inf
        """When the second began in which so many authentic packets were taken."""
        self._taken = 0

    @override
    def follow(self) -> None:
        """Both are asked for each packet."""

    @property
    @override
    def ssrcs(self) -> Sequence[int]:
        return (self.ssrc,)

    def open(self, datagram: bytes, now_s: float) -> Passing | KeptBack:
        """Decrypt a packet with a fresh nonce, and count it. Raises Forged."""
        nonce = datagram[-NONCE_BYTES:]
        end = measure_header(datagram)
        header = datagram[:end]
        plain = self.suite.open(datagram[end:-NONCE_BYTES], header, nonce)
        self.fresh.add(nonce)
        if self.is_flooding(now_s):
            self.break_off()
            return KeptBack.FLOOD
        self._taken += 1
        packet = parse_rtp(header + plain)
        if packet is None:
            return KeptBack.UNKNOWN
        if self.circle is not None and self.rights.speak:
            loudness = measure_loudness(None, len(packet.payload))
            if not self.circle.speakers.note(self.activity, loudness, now_s):
                self.voice.keep_back(len(packet.payload))
                return KeptBack.QUIET
        size = len(packet.payload)
        taken = self.voice.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        if taken is None:
            return KeptBack.REPEATED
        number, timestamp = taken
        passing = Passing(
            codec=Codec.OPUS,
            marker=False,
            number=number,
            timestamp=timestamp,
            ssrc=self.ssrc,
            payload=packet.payload,
        )
        passing.discord = header, plain
        return passing

    def is_flooding(self, now_s: float) -> bool:
        """Return whether no more packets are taken of it in this second."""
        if now_s - self._second_s >= 1:
            self._second_s, self._taken = now_s, 0
        return self._taken >= MOST_TAKEN

    @property
    @override
    def is_filming(self) -> bool:
        return False

    @override
    def film(self, camera: Sequence[Source], screen: Source | None = None) -> bool:
        return False

    @override
    def want(self, wants: Wants) -> None:
        """It gets no video."""

    def break_off(self) -> None:
        """Note that a packet was not passed on."""
        self.voice.break_off()

    @override
    def forget(self, ssrcs: Sequence[int]) -> None:
        """Nothing is kept of others."""

    @override
    def end(self) -> None:
        """Encrypt nothing for it any more."""
        self.receiver.seal = None
