"""One packet on its way from its sender to the others of the room, in each form that one of them takes it in.

Clients of Discord's protocol and browsers number payload types and extensions otherwise, and only the former encrypt
the extensions' body. What is inside is the same to all. A form is made once for all receivers that take it.

Packets are RTP (RFC 3550 section 5.1) with one extension, in the one-byte form (RFC 8285): what a receiver has asked
for is told to it under the number that it has chosen.
"""

import struct
from typing import Any, Final

_FIXED: Final = struct.Struct(">BBHII")
_EXTENSION: Final = struct.Struct(">HHB3s")
_VERSION: Final = 0x80
_EXTENDED: Final = 0x10
_MARKER: Final = 0x80
_ONE_BYTE_FORM: Final = 0xBEDE


def write_rtp(
    *, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, extension: bytes, payload: bytes
) -> bytes:
    """Write a packet. `extension` is what `write_extension` has written, or nothing."""
    first = _VERSION | _EXTENDED if extension else _VERSION
    second = _MARKER | payload_type if marker else payload_type
    return _FIXED.pack(first, second, sequence, timestamp, ssrc) + extension + payload


def write_extension(number: int, content: bytes) -> bytes:
    """Write an extension with one to three bytes of content under this number, 1 to 14."""
    return _EXTENSION.pack(_ONE_BYTE_FORM, 1, number << 4 | len(content) - 1, content)


def write_send_time(seconds: float) -> bytes:
    """Write when a packet is sent, in 24 bits with 18 after the point, as `abs-send-time` has it."""
    return (round(seconds * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


class Picture:
    """What is known of a packet of video."""

    __slots__ = ("came_s", "is_keyframe", "layer", "vp8")

    def __init__(self, layer: int, came_s: float, *, is_keyframe: bool, vp8: Any = None) -> None:
        self.layer = layer
        """Which size of the picture it is, 0 the smallest."""
        self.came_s = came_s
        """When it came, and so when it is sent."""
        self.is_keyframe = is_keyframe
        """Whether a keyframe begins with it, as far as its codec shows that."""
        self.vp8 = vp8
        """What it says of itself, of VP8 alone: a `voice.packets.vp8.Vp8`, or None."""

    def with_vp8(self, vp8: Any) -> "Picture":
        """Return the same with other counters."""
        return Picture(self.layer, self.came_s, is_keyframe=self.is_keyframe, vp8=vp8)


class Passing:
    """A packet. `number` and `timestamp` count without a break whatever its sender does; `ssrc` is the node's own.

    The number does not go round; its low 16 bits are a sequence number.
    """

    __slots__ = ("codec", "discord", "level", "marker", "number", "payload", "picture", "ssrc", "timestamp")

    def __init__(
        self,
        *,
        codec: Any,
        marker: bool,
        number: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        level: int | None = None,
        picture: Picture | None = None,
    ) -> None:
        """`codec` is its name for whoever passes it on; `level` is how loud it is (RFC 6464), where the sender says;
        `picture` is there for video.
        """
        self.codec = codec
        self.marker = marker
        self.number = number
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload = payload
        self.level = level
        self.picture = picture
        self.discord: tuple[bytes, bytes] | None = None
        """The form in which it has come from a client of Discord's protocol."""

    def renumber(self, *, number: int, timestamp: int, payload: bytes, picture: Picture) -> "Passing":
        """Return another one, of video, with the numbers of one receiver."""
        return Passing(
            codec=self.codec,
            marker=self.marker,
            number=number,
            timestamp=timestamp,
            ssrc=self.ssrc,
            payload=payload,
            picture=picture,
        )

    def write(self, form: tuple[int, int | None]) -> tuple[bytes, bytes]:
        """Return the two parts of the packet in a form: the header with its extensions, and what is behind it.

        A form is a payload type, and the number of the extension that tells how loud voice is, or when video is sent: 0
        for none, None for Discord's own protocol. A browser's header has 0 for the sequence number, which is each
        receiver's own. Discord's has the body of the extensions in the second part, which is encrypted.
        """
        payload_type, extension_number = form
        if extension_number is not None:
            return self._write_header(payload_type, extension_number), self.payload
        if self.discord is None:
            header = _FIXED.pack(_VERSION, payload_type, self.number & 0xFFFF, self.timestamp, self.ssrc)
            self.discord = header, self.payload
        return self.discord

    def _write_header(self, payload_type: int, extension_number: int) -> bytes:
        return write_rtp(
            payload_type=payload_type,
            marker=self.marker,
            sequence=0,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
            extension=self._write_extension(extension_number),
            payload=b"",
        )

    def _write_extension(self, number: int) -> bytes:
        if number and self.picture is not None:
            return write_extension(number, write_send_time(self.picture.came_s))
        if number and self.level is not None:
            return write_extension(number, bytes((self.level,)))
        return b""


def make_picture(
    layer: int,
    came_s: float,
    is_keyframe: bool,  # noqa: FBT001 - the compiled twin has no arguments by name
    vp8: Any,
) -> Picture:
    """Return a `Picture`, without the time that a call by names takes."""
    made = Picture.__new__(Picture)
    made.layer, made.came_s, made.is_keyframe, made.vp8 = layer, came_s, is_keyframe, vp8
    return made


def make_passing(
    codec: Any,
    marker: bool,  # noqa: FBT001 - see `make_picture`
    number: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    level: int | None,
    picture: Picture | None,
) -> Passing:
    """Return a `Passing`, without the time that a call by names takes."""
    made = Passing.__new__(Passing)
    made.codec, made.marker = codec, marker
    made.number, made.timestamp, made.ssrc = number, timestamp, ssrc
    made.payload, made.level, made.picture = payload, level, picture
    made.discord = None
    return made
