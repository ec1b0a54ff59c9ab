"""One packet on its way from its sender to the others of the room, in each form that one of them takes it in.

Clients of Discord's protocol and browsers number payload types and extensions otherwise, and only the former encrypt
the extensions' body. What is inside is the same to all. A form is made once for all receivers that take it.
"""

import enum
import struct
from typing import Final, NamedTuple

import msgspec

from voice.packets.plain_rtp import write_extension, write_rtp, write_send_time
from voice.packets.vp8 import Vp8

_DISCORD_HEADER: Final = struct.Struct(">BBHII")
_DISCORD_OPUS: Final = 0x78
"""The payload type of Opus with Discord, which is fixed: 120."""


class Codec(enum.Enum):
    """What is passed on, by its name in Select Protocol."""

    OPUS = "opus"
    VP8 = "VP8"
    H264 = "H264"

    __hash__ = object.__hash__  # that of Enum is a call of Python for each look-up

    @property
    def clock_rate(self) -> int:
        """The ticks of its timestamps in a second."""
        return 48_000 if self is Codec.OPUS else 90_000


class KeptBack(enum.Enum):
    """Why an authentic packet of somebody who may send is not passed on, as it is counted."""

    UNKNOWN = "unknown"
    """The others could not read it, or were not told of such a stream."""
    QUIET = "quiet"
    """Others of the room are louder."""
    FLOOD = "flood"
    """Its sender has sent too many."""
    EMPTY = "empty"
    """There is no picture in it: browsers try with such packets what their network carries."""


class Picture(msgspec.Struct, frozen=True):
    """What is known of a packet of video."""

    layer: int
    """Which size of the picture it is, 0 the smallest."""
    came_s: float
    """When it came, and so when it is sent."""
    is_keyframe: bool
    """Whether a keyframe begins with it, as far as its codec shows that."""
    vp8: Vp8 | None = None
    """What it says of itself, of VP8 alone."""


class Form(NamedTuple):
    """How a receiver takes the packets of one codec."""

    payload_type: int
    extension_number: int | None
    """The number of the extension that tells how loud voice is, or when video is sent, 0 for none; None for Discord's
    own protocol.
    """


DISCORD_FORM: Final = Form(_DISCORD_OPUS, None)


class Passing:
    """A packet. `number` and `timestamp` count without a break whatever its sender does; `ssrc` is the node's own.

    The number does not go round; its low 16 bits are a sequence number.
    """

    __slots__ = ("codec", "discord", "level", "marker", "number", "payload", "picture", "ssrc", "timestamp")

    def __init__(
        self,
        *,
        codec: Codec,
        marker: bool,
        number: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        level: int | None = None,
        picture: Picture | None = None,
    ) -> None:
        """`level` is how loud it is (RFC 6464), where the sender says; `picture` is there for video."""
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

    def write(self, form: Form) -> tuple[bytes, bytes]:
        """Return the two parts of the packet in a form: the header with its extensions, and what is behind it.

        A browser's has 0 for the sequence number, which is each receiver's own. Discord's, of Opus alone, has the body
        of the extensions in the second part, which is encrypted.
        """
        if form.extension_number is not None:
            return self._write_header(form.payload_type, form.extension_number), self.payload
        if self.discord is None:
            header = _DISCORD_HEADER.pack(0x80, _DISCORD_OPUS, self.number & 0xFFFF, self.timestamp, self.ssrc)
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
