"""A browser as a peer: SRTP with its own keys, and payload types and extensions by its own numbers.

It has no keys until its handshake is done, and none when it has ended: until then and from then on nothing can be
encrypted for it or heard of it. What it sends is known by payload type, and goes to the others by its microphone or its
lens.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from typing_extensions import override

from core.voice.seats import Rights
from core_ext.media import KeptBack, Lens, Microphone, Passing, Receiver, Sender, Stream, View
from voice.media.passing import Codec, Form
from voice.media.peer import MOST_TAKEN, Address, Circle, Peer
from voice.media.source import Source, Wants
from voice.packets.h264 import begins_keyframe
from voice.video.camera import Camera, Layer
from voice.video.camera_pair import CameraPair
from voice.video.downlink import Downlink
from voice.video.meter import Meter
from voice.webrtc.offer import Offer
from voice.webrtc.srtp import SrtpKeys

_LOSS_S = 8.0
"""How long a figure of loss stands: browsers tell of a voice every five seconds or so."""
MOST_AGAIN = 500
"""Packets that are sent again to one browser between two reports, so that a few bytes cannot make many for long."""


class Way(Protocol):
    """The way of one kind of packets, from a browser to the others. It decrypts and reads them."""

    def open(self, datagram: bytes, address: Address, now_s: float) -> Passing | KeptBack:
        """Return a packet from an address that is known as it goes to the others, or why it is kept back. If it is
        authentic, what is sent to the browser goes to that address from now on.
        """

    def keep(self, passing: Passing) -> bool:
        """Keep a packet, which may be sent again; return whether one before it is missing now."""


class WebrtcPeer(Peer):
    """The peer. Its gate gives it keys and an address."""

    __slots__ = (
        "_keys", "_lens", "_on_end", "_pair", "_rights", "_video_bytes_before", "_worst_loss", "_worst_loss_s",
        "activity", "again_left", "camera", "circle", "downlink", "filmed", "forms", "heard", "microphone", "offer",
        "receiver", "screen", "sender", "sent_meter", "ssrc", "views", "voice", "wants", "ways",
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
        self.offer = offer
        self.receiver = Receiver()
        self.sender = Sender(self.receiver, MOST_TAKEN)
        self.microphone = Microphone(
            self.sender, codec=Codec.OPUS, ssrc=ssrc, level_number=offer.level_number, stream=voice
        )
        self._pair = CameraPair(camera, screen, rid_number=offer.rid_number)
        codecs = {
            number: (codec, begins_keyframe if codec is Codec.H264 else None)
            for codec, number in offer.payload_types.items()
        }
        self._lens = Lens(self.sender, codecs=codecs, find_track=self._pair.find_track, break_off=self._pair.break_off)
        self.ways: Mapping[int, Way] = {
            number: self.microphone if codec is Codec.OPUS else self._lens
            for codec, number in offer.payload_types.items()
        }
        """What takes its packets, by payload type."""
        self.activity = self.microphone.activity
        self.circle: Circle | None = None
        self.rights = rights
        self.forms = {
            codec: Form(number, offer.level_number if codec is Codec.OPUS else offer.time_number)
            for codec, number in offer.payload_types.items()
        }
        self.voice = voice
        self.heard = self.microphone.heard
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
        self._on_end = on_end
        self._keys: SrtpKeys | None = None

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
        self.sender.opening = None if keys is None else keys.incoming

    @property
    def streams(self) -> Sequence[Stream]:
        """What it sends: its voice first, and each layer of its video."""
        return self.voice, *self.camera.streams, *self.screen.streams

    @property
    def has_sent(self) -> bool:
        """Whether anything authentic has come of it since its last reports."""
        return self.taken_left < MOST_TAKEN

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

    @override
    def follow(self) -> None:
        self.microphone.may_speak = self._rights.speak
        self._lens.is_on = self._rights.stream and self._pair.is_on
        self.microphone.seats = None if self.circle is None else self.circle.speakers

    @property
    def taken_left(self) -> int:
        """What it may send until it gets its next reports, about a second: packets, and wishes in its reports."""
        return self.sender.taken_left

    @taken_left.setter
    def taken_left(self, taken_left: int) -> None:
        self.sender.taken_left = taken_left

    @property
    @override
    def is_filming(self) -> bool:
        return self._pair.is_on

    @override
    def film(self, camera: Sequence[Source], screen: Source | None = None) -> bool:
        self._pair.switch(camera, screen)
        self._lens.forget_tracks()
        self.follow()
        if self.circle is not None:
            self.circle.note_filming(self)
        return self.offer.video_codec is not None

    @property
    def may_film(self) -> bool:
        """Whether the others get its video."""
        return self._lens.is_on

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

    def find_missing(self, camera: Camera, sequence: int) -> Passing | None:
        """Return a packet of a camera that this browser has not got, with its numbers; None when it is not kept."""
        number = None if self._keys is None else self._keys.outgoing.find_number(camera.ssrc, sequence)
        view = self.views.get(camera.ssrc)
        place = None if number is None or view is None else view.find(number)
        layer: Layer | None = None if place is None else camera.get(place[0])
        if place is None or layer is None or view is None:
            return None
        passing = layer.ring.find(place[1])
        return None if passing is None else view.repeat(passing)

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
