"""A browser as a peer: SRTP with its own keys, and payload types and extensions by its own numbers.

It has no keys until its handshake is done, and none when it has ended: until then and from then on nothing can be
encrypted for it or heard of it. What it sends is known by payload type, voice from video. A camera and a screen that it
shares are known by their SSRCs, and passed on from when it has said these (`film`); another stream of the same kind is
not.
"""

import math
from collections.abc import Callable, Collection, Sequence

from typing_extensions import override

from core.voice.seats import Rights
from core_ext.media import (
    VOICE_PACKETS,
    Activity,
    Passing,
    Picture,
    Receiver,
    Ring,
    RtpPacket,
    Stream,
    View,
    find_extension,
    measure_loudness,
    parse_rtp,
)
from voice.media.passing import Codec, Form, KeptBack
from voice.media.peer import MOST_TAKEN, Address, Circle, Peer
from voice.media.source import Source, Wants
from voice.packets.h264 import begins_keyframe
from voice.packets.vp8 import parse_vp8
from voice.video.camera import Camera, Layer
from voice.video.downlink import Downlink
from voice.video.meter import Meter
from voice.webrtc.offer import Offer
from voice.webrtc.srtp import SrtpKeys

_MOST_SOURCES = 128
"""SSRCs of one browser: libsrtp remembers each for as long as the keys live, in a list that it walks. Each new track
has one, so whoever shares a screen a hundred times connects anew."""
_MOST_BYTES = 1400
_LOSS_S = 8.0
"""How long a figure of loss stands: browsers tell of a voice every five seconds or so."""
MOST_AGAIN = 500
"""Packets that are sent again to one browser between two reports, so that a few bytes cannot make many for long."""


class WebrtcPeer(Peer):
    """The peer. Its gate gives it keys and an address."""

    __slots__ = (
        "_codecs_by_number", "_keys", "_on_end", "_rights", "_sources", "_video_bytes_before", "_worst_loss",
        "_worst_loss_s", "activity", "again_left", "camera",
        "circle", "downlink", "filmed", "forms", "heard", "offer", "receiver", "screen", "sent_meter", "ssrc",
        "taken_left", "views", "voice", "wants",
    )  # fmt: skip

    def __init__(
        self,
        *,
        ssrc: int,
        rights: Rights,
        offer: Offer,
        voice: Stream,
        camera: Camera,
        screen: Camera,
        on_end: Callable[["WebrtcPeer"], None],
    ) -> None:
        """`voice` numbers its packets, and outlives it when the client connects anew, as do the streams of cameras."""
        self.ssrc = ssrc
        self.circle: Circle | None = None
        self.rights = rights
        self.offer = offer
        self.activity = Activity()
        self.receiver = Receiver()
        self.forms = {
            codec: Form(number, offer.level_number if codec is Codec.OPUS else offer.time_number)
            for codec, number in offer.payload_types.items()
        }
        self.voice = voice
        self.heard = Ring(VOICE_PACKETS)
        self.camera = camera
        self.screen = screen
        self.views: dict[int, View] = {}
        """What it gets of others' cameras, by their SSRCs."""
        self._video_bytes_before = 0
        """What it was sent of cameras of those who have left."""
        self.filmed: Collection[int] = ()
        """The SSRCs of the cameras that are on, as of the last choice of layers."""
        self.wants = Wants()
        self.downlink = Downlink()
        self.sent_meter = Meter()
        """The video that it is sent."""
        self._worst_loss = 0
        """How much of its voice the worst hearer has lost, in 256ths."""
        self._worst_loss_s = -math.inf
        """When that was told."""
        self.again_left = MOST_AGAIN
        """Packets that may be sent to it again until it gets its next reports."""
        self.taken_left = MOST_TAKEN
        """What it may send until then, about a second: packets, and wishes in its reports."""
        self._on_end = on_end
        self._codecs_by_number = {number: codec for codec, number in offer.payload_types.items()}
        self._keys: SrtpKeys | None = None
        self._sources: set[bytes] = set()

    @property
    @override
    def ssrcs(self) -> Sequence[int]:
        return self.ssrc, self.camera.ssrc, self.screen.ssrc

    @property
    def cameras(self) -> tuple[Camera, Camera]:
        """What it films, whether it is on or not. A screen that it shares goes before."""
        return self.screen, self.camera

    @property
    def keys(self) -> SrtpKeys | None:
        """Its keys, None before its handshake and when it has ended."""
        return self._keys

    @keys.setter
    def keys(self, keys: SrtpKeys | None) -> None:
        self._keys = keys
        self.receiver.seal = None if keys is None else keys.outgoing

    @property
    def streams(self) -> Sequence[Stream]:
        """What it sends: its voice first, and each layer of its video."""
        return self.voice, *self.camera.streams, *self.screen.streams

    def note_rtt(self, seconds: float) -> None:
        """Take a time to the browser and back."""
        self.voice.quality.note_rtt(seconds)

    def note_hearers_loss(self, loss: int, now_s: float) -> None:
        """Take how much of its voice a hearer has lost of late, in 256ths."""
        if loss >= self._worst_loss or now_s - self._worst_loss_s > _LOSS_S:
            self._worst_loss, self._worst_loss_s = loss, now_s

    def find_hearers_loss(self, now_s: float) -> int:
        """Return how much of its voice the worst hearer has lost of late, in 256ths."""
        return self._worst_loss if now_s - self._worst_loss_s <= _LOSS_S else 0

    # ---- what it sends

    def open(self, datagram: bytes, address: Address, now_s: float) -> Passing | KeptBack:
        """Decrypt and read a packet from an address that is known; return it as it goes to the others. If it is
        authentic, what is sent to the browser goes to that address from now on.
        """
        keys, receiver, source = self._keys, self.receiver, datagram[8:12]
        codec = self._codecs_by_number.get(datagram[1] & 0x7F)
        if keys is None or codec is None:
            return KeptBack.NO_KEYS if keys is None else KeptBack.UNKNOWN
        is_allowed = self.may_send(codec)
        if not is_allowed and receiver.address == address:
            self.break_off(codec)
            return KeptBack.MUTED
        if not self.may_have_source(source):
            return KeptBack.STRANGER
        plain = keys.open_rtp(datagram)
        if plain is None:
            return KeptBack.FORGED
        is_taken = self.take_source(source)
        receiver.address = address
        if is_allowed and is_taken:
            return self._read(plain, codec, now_s)
        self.break_off(codec)
        return KeptBack.MUTED if is_taken else KeptBack.FLOOD

    def may_send(self, codec: Codec) -> bool:
        """Return whether the others get its packets of this codec."""
        rights = self._rights
        return rights.speak if codec is Codec.OPUS else rights.stream and self.is_filming

    @property
    @override
    def is_filming(self) -> bool:
        return self.camera.is_on or self.screen.is_on

    @override
    def film(self, camera: Sequence[Source], screen: Source | None = None) -> bool:
        self.camera.switch(camera)
        self.screen.switch([] if screen is None else [screen])
        if self.circle is not None:
            self.circle.note_filming(self)
        return self.offer.video_codec is not None

    def may_have_source(self, source: bytes) -> bool:
        """Return whether a packet with this SSRC, in four bytes, may be read."""
        return source in self._sources or len(self._sources) < _MOST_SOURCES

    def take_source(self, source: bytes) -> bool:
        """Count an authentic packet, and its SSRC as the browser's own: what strangers send takes no place. Return
        whether the packet is taken, as there is a bound on how many are.
        """
        self._sources.add(source)
        self.taken_left -= 1
        return self.taken_left >= 0

    def break_off(self, codec: Codec) -> None:
        """Note that a packet was not passed on."""
        if codec is Codec.OPUS:
            self.voice.break_off()
        else:
            for camera in self.cameras:
                camera.break_off()

    def _read(self, plain: bytes, codec: Codec, now_s: float) -> Passing | KeptBack:
        packet = parse_rtp(plain)
        if packet is None or len(packet.payload) > _MOST_BYTES:
            return KeptBack.UNKNOWN
        return self._read_voice(packet, now_s) if codec is Codec.OPUS else self._read_video(packet, codec, now_s)

    def _read_voice(self, packet: RtpPacket, now_s: float) -> Passing | KeptBack:
        number, size, circle = self.offer.level_number, len(packet.payload), self.circle
        content = find_extension(packet, number) if number else None
        level = content[0] if content else None
        if circle is not None and not circle.speakers.note(self.activity, measure_loudness(level, size), now_s):
            self.voice.keep_back(size)
            return KeptBack.QUIET
        number, timestamp = self.voice.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        return Passing(
            codec=Codec.OPUS,
            marker=packet.marker,
            number=number,
            timestamp=timestamp,
            ssrc=self.ssrc,
            payload=packet.payload,
            level=level,
        )

    def _read_video(self, packet: RtpPacket, codec: Codec, now_s: float) -> Passing | KeptBack:
        rid = find_extension(packet, self.offer.rid_number) if self.offer.rid_number else None
        camera, layer = self._find_layer(packet.ssrc, rid.decode("ascii", "replace") if rid else None)
        if layer is None:
            return KeptBack.UNKNOWN
        size = len(packet.payload)
        if not size and layer.stream.leave_out(packet.ssrc, packet.sequence):
            return KeptBack.EMPTY
        number, timestamp = layer.stream.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        vp8 = parse_vp8(packet.payload) if codec is Codec.VP8 else None
        is_keyframe = vp8.is_keyframe if vp8 is not None else codec is Codec.H264 and begins_keyframe(packet.payload)
        return Passing(
            codec=codec,
            marker=packet.marker,
            number=number,
            timestamp=timestamp,
            ssrc=camera.ssrc,
            payload=packet.payload,
            picture=Picture(layer.index, now_s, is_keyframe=is_keyframe, vp8=vp8),
        )

    def _find_layer(self, ssrc: int, rid: str | None) -> tuple[Camera, Layer | None]:
        shared = self.screen.find(ssrc, None)
        return (self.screen, shared) if shared is not None else (self.camera, self.camera.find(ssrc, rid))

    def keep(self, passing: Passing) -> bool:
        """Keep a packet, which may be sent again; return whether one before it is missing now."""
        if passing.codec is Codec.OPUS:
            return self.heard.add(passing)
        camera = self.screen if passing.ssrc == self.screen.ssrc else self.camera
        layer = None if passing.picture is None else camera.get(passing.picture.layer)
        return layer is not None and layer.ring.add(passing)

    def note_clock(self, source: int, ntp: int, timestamp: int, now_s: float) -> None:
        """Take what the browser tells of the clock of one of its streams."""
        for stream in self.streams:
            if stream.source == source:
                stream.note_clock(ntp, timestamp, now_s)

    # ---- what it gets

    @override
    def want(self, wants: Wants) -> None:
        self.wants = wants

    def view(self, ssrc: int) -> View:
        """Return what it gets of a camera."""
        view = self.views.get(ssrc)
        if view is None:
            view = self.views[ssrc] = View()
        return view

    @property
    def video_bytes_sent(self) -> int:
        """The bytes of others' video that it was sent."""
        return self._video_bytes_before + sum(view.bytes_passed for view in self.views.values())

    def find_missing(self, camera: Camera, sequence: int, now_s: float) -> Passing | None:
        """Return a packet of a camera that this browser has not got, with its numbers; None when it is not kept."""
        number = None if self._keys is None else self._keys.outgoing.find_number(camera.ssrc, sequence)
        view = self.views.get(camera.ssrc)
        place = None if number is None or view is None else view.find(number)
        layer: Layer | None = None if place is None else camera.get(place[0])
        if place is None or layer is None or view is None:
            return None
        passing = layer.ring.find(place[1])
        return None if passing is None else view.repeat(passing, now_s)

    def find_missing_voice(self, other: Peer, sequence: int) -> Passing | None:
        """Return a packet of somebody's voice that this browser has not got; None when it is not kept."""
        number = None if self._keys is None else self._keys.outgoing.find_number(other.ssrc, sequence)
        return None if number is None else other.heard.find(number)

    @override
    def forget(self, ssrcs: Sequence[int]) -> None:
        for ssrc in ssrcs:
            view = self.views.pop(ssrc, None)
            self.voice.quality.told.forget(ssrc)
            self._video_bytes_before += 0 if view is None else view.bytes_passed
            if self._keys is not None:
                self._keys.forget(ssrc)

    @override
    def end(self) -> None:
        self.keys = None
        self._on_end(self)
