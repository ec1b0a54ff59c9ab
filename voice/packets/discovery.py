"""IP discovery: a client asks by which address the node sees it (Discord, "Voice Connections", "IP Discovery").

Both ways 74 bytes: type (1 asks, 2 answers), length (70), SSRC, the address as text that ends in zeros (64 bytes), the
port. An answer is as long as its request, so nobody gets more bytes by a forged sender than it has sent. A first byte
of 0 and this length are no STUN, no DTLS and no RTP, so one port serves all.
"""

import struct
from typing import Final

SIZE_BYTES: Final = 74
REQUEST_HEAD: Final = b"\x00\x01\x00\x46"
"""Type 1, and 70 bytes behind the head."""

_ANSWER: Final = struct.Struct(">HHI64sH")
_ANSWER_TYPE: Final = 2
_LENGTH: Final = 70


def find_asker(datagram: bytes) -> int:
    """Return the SSRC of who asks, of a datagram that is a request."""
    return int.from_bytes(datagram[4:8], "big")


def encode_answer(ssrc: int, address: str, port: int) -> bytes:
    """Write the answer. `address` is an IP address as text."""
    return _ANSWER.pack(_ANSWER_TYPE, _LENGTH, ssrc, address.encode("ascii"), port)
