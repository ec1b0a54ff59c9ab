# cython: nonecheck=True
"""RTP in the clear, read, as browsers send it inside SRTP (RFC 3550 section 5.1, header extensions by RFC 8285).

Reading takes any bytes and never raises. `passing_py.py` writes.
"""

from typing import Final

_FIXED_BYTES: Final = 12
_PADDED: Final = 0x20
_EXTENDED: Final = 0x10
_CONTRIBUTORS: Final = 0x0F
_MARKER: Final = 0x80
_WORD: Final = 4
_ONE_BYTE_FORM: Final = 0xBEDE
_TWO_BYTE_FORM: Final = 0x1000
_TWO_BYTE_MASK: Final = 0xFFF0
_RESERVED_ID: Final = 15


class RtpPacket:
    """A packet. Padding is left out of the payload."""

    __slots__ = ("extensions", "marker", "payload", "payload_type", "profile", "sequence", "ssrc", "timestamp")

    def __init__(self) -> None:
        self.payload_type = 0
        self.marker = False
        self.sequence = self.timestamp = self.ssrc = 0
        self.profile = 0
        """The form of the extensions, 0 where there are none."""
        self.extensions = self.payload = b""


def parse_rtp(datagram: bytes) -> RtpPacket | None:
    """Read a packet; None when it is none, or ends too soon."""
    size = len(datagram)
    if size < _FIXED_BYTES or datagram[0] >> 6 != 2:
        return None
    packet, first, second = RtpPacket(), datagram[0], datagram[1]
    packet.payload_type, packet.marker = second & 0x7F, second >= _MARKER
    packet.sequence = _read_half(datagram, 2)
    packet.timestamp = _read_half(datagram, 4) << 16 | _read_half(datagram, 6)
    packet.ssrc = _read_half(datagram, 8) << 16 | _read_half(datagram, 10)
    at = _FIXED_BYTES + _WORD * (first & _CONTRIBUTORS)
    if first & _EXTENDED:
        if size < at + _WORD:
            return None
        packet.profile = _read_half(datagram, at)
        length = _WORD * _read_half(datagram, at + 2)
        packet.extensions = datagram[at + _WORD : at + _WORD + length]
        at += _WORD + length
    end = size - datagram[size - 1] if first & _PADDED else size
    if end < at:
        return None
    packet.payload = datagram[at:end]
    return packet


def _read_half(datagram: bytes, at: int) -> int:
    """Return the number in two bytes."""
    return datagram[at] << 8 | datagram[at + 1]


def find_extension(packet: RtpPacket, number: int) -> bytes | None:
    """Return the content of the extension with this number, None where the packet has none."""
    if packet.profile == _ONE_BYTE_FORM:
        return _find_short(packet.extensions, number)
    if packet.profile & _TWO_BYTE_MASK == _TWO_BYTE_FORM:
        return _find_long(packet.extensions, number)
    return None


def _find_short(body: bytes, number: int) -> bytes | None:
    at, end = 0, len(body)
    while at < end:
        if body[at] == 0:  # padding between two of them
            at += 1
            continue
        found, length = body[at] >> 4, (body[at] & 0x0F) + 1
        if found == _RESERVED_ID:
            return None
        at += 1
        if found == number:
            return body[at : at + length] if at + length <= end else None
        at += length
    return None


def _find_long(body: bytes, number: int) -> bytes | None:
    at, end = 0, len(body)
    while at < end:
        if body[at] == 0:
            at += 1
            continue
        if at + 1 >= end:
            return None
        found, length = body[at], body[at + 1]
        at += 2
        if found == number:
            return body[at : at + length] if at + length <= end else None
        at += length
    return None
