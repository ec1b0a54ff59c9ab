"""A browser as a peer: SRTP with its own keys, and payload types and extensions by its own numbers.

It has no keys until its handshake is done, and none when it has ended: until then and from then on nothing can be
encrypted for it or heard of it. What it sends is known by payload type, since it has one microphone and one camera.
"""

from collections.abc import Callable, Container, Mapping

from typing_extensions import override

from core.voice.seats import Rights
from voice.media.passing import Codec, Passing
from voice.media.peer import Address, Circle, Peer, Unsealed
from voice.media.stream import Stream
from voice.packets.plain_rtp import RtpPacket, find_extension, parse_rtp
from voice.webrtc.numbering import Numbering
from voice.webrtc.offer import Offer
from voice.webrtc.srtp import SrtpKeys

_MOST_SOURCES = 16
"""SSRCs of one browser: libsrtp remembers each for as long as the keys live."""
_MOST_BYTES = 1400


class WebrtcPeer(Peer):
    """The peer. Its gate gives it keys and an address."""

    __slots__ = (
        "_codecs_by_number", "_numbers", "_on_end", "_sources", "_voice", "address", "circle", "keys", "offer",
        "rights", "ssrc",
    )  # fmt: skip

    def __init__(
        self,
        *,
        ssrc: int,
        rights: Rights,
        offer: Offer,
        voice: Stream,
        on_end: Callable[["WebrtcPeer"], None],
    ) -> None:
        """`voice` numbers its packets, and outlives it when the client connects anew."""
        self.ssrc = ssrc
        self.rights = rights
        self.offer = offer
        self.address: Address | None = None
        self.circle: Circle | None = None
        self.keys: SrtpKeys | None = None
        self._voice = voice
        self._on_end = on_end
        self._codecs_by_number = {number: codec for codec, number in offer.payload_types.items()}
        self._numbers = Numbering()
        self._sources: set[int] = set()

    @property
    @override
    def codecs(self) -> Container[Codec]:
        return self.offer.payload_types

    @property
    @override
    def streams(self) -> Mapping[int, Stream]:
        return {self.ssrc: self._voice}

    # ---- what it sends

    def find_codec(self, datagram: bytes) -> Codec | None:
        """Return the codec of a packet by its header; None when it is none that is passed on."""
        return self._codecs_by_number.get(datagram[1] & 0x7F)

    def may_send(self, codec: Codec) -> bool:
        """Return whether the others get its packets of this codec."""
        return self.rights.speak if codec is Codec.OPUS else False

    def knows_source(self, ssrc: int) -> bool:
        """Return whether a packet with this SSRC may be read. It counts as known from then on."""
        if ssrc not in self._sources and len(self._sources) >= _MOST_SOURCES:
            return False
        self._sources.add(ssrc)
        return True

    def break_off(self, codec: Codec) -> None:
        """Note that a packet was not passed on."""
        if codec is Codec.OPUS:
            self._voice.break_off()

    def read(self, plain: bytes, codec: Codec, now_s: float) -> Passing | None:
        """Return a packet as it goes to the others; None when it cannot be read."""
        packet = parse_rtp(plain)
        if packet is None or len(packet.payload) > _MOST_BYTES:
            return None
        stream, ssrc = self._voice, self.ssrc
        number, timestamp = stream.take(packet.ssrc, packet.sequence, packet.timestamp, now_s)
        stream.packets_passed += 1
        stream.bytes_passed += len(packet.payload)
        return Passing(
            codec=codec,
            marker=packet.marker,
            number=number,
            timestamp=timestamp,
            ssrc=ssrc,
            payload=packet.payload,
            level=self._find_level(packet),
        )

    def note_clock(self, source: int, ntp: int, timestamp: int, now_s: float) -> None:
        """Take what the browser tells of the clock of one of its streams."""
        for stream in self.streams.values():
            if stream.source == source:
                stream.note_clock(ntp, timestamp, now_s)

    def _find_level(self, packet: RtpPacket) -> int | None:
        if not self.offer.level_number or not packet.profile:
            return None
        content = find_extension(packet, self.offer.level_number)
        return content[0] if content else None

    # ---- what it gets

    @override
    def seal(self, passing: Passing) -> bytes:
        if self.keys is None:
            raise Unsealed("no keys")
        sequence = self._numbers.take(passing.ssrc, passing.number)
        if sequence is None:
            raise Unsealed("late")
        offer = self.offer
        plain = passing.for_browser(offer.payload_types[passing.codec], offer.level_number)
        sealed = self.keys.seal_rtp(plain[:2] + sequence.to_bytes(2, "big") + plain[4:])
        if sealed is None:
            raise Unsealed("late")
        return sealed

    @override
    def forget(self, peer: Peer) -> None:
        for ssrc in peer.streams:
            self._numbers.forget(ssrc)
            if self.keys is not None:
                self.keys.forget(ssrc)

    @override
    def end(self) -> None:
        self.keys = None
        self._on_end(self)
