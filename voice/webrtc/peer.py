"""A browser as a peer: SRTP with its own keys, and payload types and extensions by its own numbers.

It has no keys until its handshake is done, and none when it has ended: until then and from then on nothing can be
encrypted for it or heard of it. What it sends is known by payload type, since it has one microphone and one camera. Its
camera is passed on from when it has said which SSRC that has (`film`); another stream of the same kind is not.
"""

import math
from collections.abc import Callable, Container, Mapping

from typing_extensions import override

from core.voice.seats import Rights
from voice.media.active_speakers import Activity, measure_loudness
from voice.media.passing import Codec, KeptBack, Passing
from voice.media.peer import Address, Circle, Peer, Unsealed
from voice.media.ring import Ring
from voice.media.stream import Stream
from voice.packets.plain_rtp import RtpPacket, find_extension, parse_rtp
from voice.webrtc.numbering import Numbering
from voice.webrtc.offer import Offer
from voice.webrtc.srtp import SrtpKeys

_MOST_SOURCES = 16
"""SSRCs of one browser: libsrtp remembers each for as long as the keys live."""
_MOST_BYTES = 1400
MOST_AGAIN = 500
"""Packets that are sent again to one browser between two reports, so that a few bytes cannot make many for long."""


class WebrtcPeer(Peer):
    """The peer. Its gate gives it keys and an address."""

    __slots__ = (
        "_codecs_by_number", "_numbers", "_on_end", "_sources", "activity", "address", "again_left", "bytes_sent",
        "circle", "keyframe_asked_s", "keys", "offer", "rights", "ring", "ssrc", "video", "video_source",
        "video_ssrc", "voice", "wants_keyframe", "worst_loss",
    )  # fmt: skip

    def __init__(
        self,
        *,
        ssrc: int,
        video_ssrc: int,
        rights: Rights,
        offer: Offer,
        voice: Stream,
        video: Stream,
        on_end: Callable[["WebrtcPeer"], None],
    ) -> None:
        """`voice` and `video` number its packets, and outlive it when the client connects anew."""
        self.ssrc = ssrc
        self.rights = rights
        self.offer = offer
        self.address: Address | None = None
        self.circle: Circle | None = None
        self.activity = Activity()
        self.bytes_sent = 0
        self.keys: SrtpKeys | None = None
        self.voice = voice
        self.video = video
        self.video_ssrc = video_ssrc
        self.video_source: int | None = None
        """The SSRC of its camera, None while that is off."""
        self.ring = Ring()
        self.wants_keyframe = False
        """Whether somebody wants one, and it was not asked yet."""
        self.keyframe_asked_s = -math.inf
        self.worst_loss = 0
        """How much of its voice the worst hearer has lost, in 256ths, since it got its last reports."""
        self.again_left = MOST_AGAIN
        """Packets that may be sent to it again until it gets its next reports."""
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
        return {self.ssrc: self.voice, self.video_ssrc: self.video}

    def note_rtt(self, seconds: float) -> None:
        """Take a time to the browser and back."""
        self.voice.quality.note_rtt(seconds)

    # ---- what it sends

    def find_codec(self, datagram: bytes) -> Codec | None:
        """Return the codec of a packet by its header; None when it is none that is passed on."""
        return self._codecs_by_number.get(datagram[1] & 0x7F)

    def may_send(self, codec: Codec) -> bool:
        """Return whether the others get its packets of this codec."""
        return self.rights.speak if codec is Codec.OPUS else self.rights.stream and self.video_source is not None

    @override
    def film(self, source: int | None) -> bool:
        if source != self.video_source:
            self.video.break_off()
        self.video_source = source
        return self.offer.video_codec is not None

    def knows_source(self, ssrc: int) -> bool:
        """Return whether a packet with this SSRC may be read. It counts as known from then on."""
        if ssrc not in self._sources and len(self._sources) >= _MOST_SOURCES:
            return False
        self._sources.add(ssrc)
        return True

    def break_off(self, codec: Codec) -> None:
        """Note that a packet was not passed on."""
        (self.voice if codec is Codec.OPUS else self.video).break_off()

    def read(self, plain: bytes, codec: Codec, now_s: float) -> Passing | KeptBack:
        """Return a packet, which it may send, as it goes to the others."""
        packet = parse_rtp(plain)
        if packet is None or len(packet.payload) > _MOST_BYTES:
            return KeptBack.UNKNOWN
        level = None
        if codec is Codec.OPUS:
            level = self._find_level(packet)
            if not self._is_heard(packet, level, now_s):
                return KeptBack.QUIET
            stream, ssrc = self.voice, self.ssrc
        elif self.video_source in (packet.ssrc, self.video_ssrc):
            stream, ssrc = self.video, self.video_ssrc
        else:
            return KeptBack.UNKNOWN
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
            level=level,
        )

    def _is_heard(self, packet: RtpPacket, level: int | None, now_s: float) -> bool:
        size = len(packet.payload)
        if self.circle is None or self.circle.hears(self, measure_loudness(level, size), now_s):
            return True
        self.voice.keep_back(size)
        return False

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

    def find_number(self, ssrc: int, sequence: int) -> int | None:
        """Return the sender's number of a packet that this browser has not got."""
        return self._numbers.find(ssrc, sequence)

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
