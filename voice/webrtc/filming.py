"""What one browser films, from its datagrams to packets for the others: its camera, and a screen that it shares.

Both are known by their SSRCs, and passed on from when the browser has said these; another stream of the same kind is
not.
"""

from collections.abc import Mapping

from core_ext.media import MOST_BYTES, KeptBack, Passing, Picture, Sender, find_extension, parse_rtp
from voice.media.passing import Codec
from voice.media.peer import Address
from voice.packets.h264 import begins_keyframe
from voice.packets.vp8 import parse_vp8
from voice.video.camera import Camera, Layer


class Filming:
    """The way of video, as `core_ext.media.Microphone` is that of voice. `may_stream` is its owner's."""

    __slots__ = ("_codecs", "_rid_number", "_sender", "camera", "may_stream", "screen")

    def __init__(
        self, sender: Sender, *, codecs: Mapping[int, Codec], rid_number: int, camera: Camera, screen: Camera
    ) -> None:
        """`codecs` are those of its payload types. `rid_number` is the number of the extension that names layers, 0 for
        none.
        """
        self._sender = sender
        self._codecs = codecs
        self._rid_number = rid_number
        self.camera = camera
        self.screen = screen
        self.may_stream = False

    @property
    def is_on(self) -> bool:
        """Whether its camera is on, or it shares its screen."""
        return self.camera.is_on or self.screen.is_on

    def open(self, datagram: bytes, address: Address, now_s: float) -> Passing | KeptBack:
        """Return a packet as it goes to the others, or why it is kept back."""
        plain = self._sender.open(datagram, address, self.may_stream and self.is_on)
        if isinstance(plain, bytes):
            return self._read(plain, self._codecs[datagram[1] & 0x7F], now_s)
        if plain in (KeptBack.MUTED, KeptBack.FLOOD):
            self.camera.break_off()
            self.screen.break_off()
        reason: KeptBack = plain
        return reason

    def _read(self, plain: bytes, codec: Codec, now_s: float) -> Passing | KeptBack:
        packet = parse_rtp(plain)
        if packet is None or len(packet.payload) > MOST_BYTES:
            return KeptBack.UNKNOWN
        rid = find_extension(packet, self._rid_number) if self._rid_number else None
        camera, layer = self._find_layer(packet.ssrc, rid.decode("ascii", "replace") if rid else None)
        if layer is None:
            return KeptBack.UNKNOWN
        size = len(packet.payload)
        if not size and layer.stream.leave_out(packet.ssrc, packet.sequence):
            return KeptBack.EMPTY
        taken = layer.stream.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        if taken is None:
            return KeptBack.REPEATED
        number, timestamp = taken
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
        camera = self.screen if passing.ssrc == self.screen.ssrc else self.camera
        layer = None if passing.picture is None else camera.get(passing.picture.layer)
        return layer is not None and layer.ring.add(passing)
