"""RTP in the clear, as browsers send it inside SRTP (RFC 3550 section 5.1, header extensions by RFC 8285).

Reading takes any bytes and never raises. Writing knows one extension a packet, in the one-byte form: what a receiver
has asked for is told to it under the number that it has chosen.
"""

import struct
from typing import Final

import msgspec

_FIXED: Final = struct.Struct(">BBHII")
_VERSION: Final = 0x80
_PADDED: Final = 0x20
_EXTENDED: Final = 0x10
_CONTRIBUTORS: Final = 0x0F
_MARKER: Final = 0x80
_WORD: Final = 4
_ONE_BYTE_FORM: Final = 0xBEDE
_TWO_BYTE_FORM: Final = 0x1000
_TWO_BYTE_MASK: Final = 0xFFF0
_RESERVED_ID: Final = 15


class RtpPacket(msgspec.Struct, frozen=True, gc=False):
    """A packet. Padding is left out of the payload."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    profile: int
    """The form of the extensions, 0 where there are none."""
    extensions: bytes
    payload: bytes


def parse_rtp(datagram: bytes) -> RtpPacket | None:
    """Read a packet; None when it is none, or ends too soon."""
    size = len(datagram)
    if size < _FIXED.size or datagram[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(datagram)
    at = _FIXED.size + _WORD * (first & _CONTRIBUTORS)
    profile, extensions = 0, b""
    if first & _EXTENDED:
        if size < at + _WORD:
            return None
        profile = int.from_bytes(datagram[at : at + 2], "big")
        length = _WORD * int.from_bytes(datagram[at + 2 : at + _WORD], "big")
        extensions = datagram[at + _WORD : at + _WORD + length]
        at += _WORD + length
    end = size - datagram[-1] if first & _PADDED else size
    if end < at:
        return None
    payload = datagram[at:end]
    return RtpPacket(second & 0x7F, second >= _MARKER, sequence, timestamp, ssrc, profile, extensions, payload)


def find_extension(packet: RtpPacket, number: int) -> bytes | None:
    """Return the content of the extension with this number, None where the packet has none."""
    if packet.profile == _ONE_BYTE_FORM:
        return _find(packet.extensions, number, is_short=True)
    if packet.profile & _TWO_BYTE_MASK == _TWO_BYTE_FORM:
        return _find(packet.extensions, number, is_short=False)
    return None


def _find(body: bytes, number: int, *, is_short: bool) -> bytes | None:
    at, end = 0, len(body)
    while at < end:
        if body[at] == 0:  # padding between two of them
            at += 1
            continue
        if is_short:
            found, length, at = body[at] >> 4, (body[at] & 0x0F) + 1, at + 1
            if found == _RESERVED_ID:
                return None
        else:
            if at + 1 >= end:
                return None
            found, length, at = body[at], body[at + 1], at + 2
        if found == number:
            return body[at : at + length] if at + length <= end else None
        at += length
    return None


def write_rtp(
    *, payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, extension: bytes, payload: bytes
) -> bytes:
    """Write a packet. `extension` is what `write_extension` has written, or nothing."""
    first = _VERSION | _EXTENDED if extension else _VERSION
    second = _MARKER | payload_type if marker else payload_type
    return _FIXED.pack(first, second, sequence, timestamp, ssrc) + extension + payload


def write_extension(number: int, content: bytes) -> bytes:
    """Write an extension with one to three bytes of content under this number, 1 to 14."""
    return struct.pack(">HHB3s", _ONE_BYTE_FORM, 1, number << 4 | len(content) - 1, content)


def write_send_time(seconds: float) -> bytes:
    """Write when a packet is sent, in 24 bits with 18 after the point, as `abs-send-time` has it."""
    return (round(seconds * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")
