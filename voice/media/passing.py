"""One packet on its way from its sender to the others of the room, in each form that one of them takes it in.

Clients of Discord's protocol and browsers number payload types and extensions otherwise, and only the former encrypt
the extensions' body. What is inside is the same to all. A form is made when the first receiver needs it, and once.
"""

import enum
import struct
from typing import Final

from voice.packets.plain_rtp import write_level, write_rtp

_DISCORD_HEADER: Final = struct.Struct(">BBHII")
_DISCORD_OPUS: Final = 0x78
"""The payload type of Opus with Discord, which is fixed: 120."""


class Codec(enum.Enum):
    """What is passed on, by its name in Select Protocol."""

    OPUS = "opus"
    VP8 = "VP8"
    H264 = "H264"

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


class Passing:
    """A packet. `number` and `timestamp` count without a break whatever its sender does; `ssrc` is the node's own.

    The number does not go round; its low 16 bits are a sequence number.
    """

    __slots__ = ("_discord", "_plain", "codec", "level", "marker", "number", "payload", "ssrc", "timestamp")

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
        discord: tuple[bytes, bytes] | None = None,
    ) -> None:
        """`level` is how loud it is (RFC 6464), where the sender says; `discord` is the form in which it has come."""
        self.codec = codec
        self.marker = marker
        self.number = number
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload = payload
        self.level = level
        self._discord = discord
        self._plain: dict[tuple[int, int], bytes] = {}

    def for_discord(self) -> tuple[bytes, bytes]:
        """Return what a client of Discord's protocol gets, of Opus alone: the header, and what is encrypted."""
        if self._discord is None:
            header = _DISCORD_HEADER.pack(0x80, _DISCORD_OPUS, self.number & 0xFFFF, self.timestamp, self.ssrc)
            self._discord = header, self.payload
        return self._discord

    def for_browser(self, payload_type: int, level_number: int) -> bytes:
        """Return it as RTP in the clear, by what the receiver has chosen, with 0 for the sequence number, which the
        receiver's peer writes over. A level's number of 0 is none.
        """
        plain = self._plain.get((payload_type, level_number))
        if plain is None:
            has_level = level_number and self.level is not None
            plain = self._plain[payload_type, level_number] = write_rtp(
                payload_type=payload_type,
                marker=self.marker,
                sequence=0,
                timestamp=self.timestamp,
                ssrc=self.ssrc,
                extension=write_level(level_number, self.level or 0) if has_level else b"",
                payload=self.payload,
            )
        return plain
