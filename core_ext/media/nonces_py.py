"""The nonces of a media node's packets to one client of Discord's protocol.

They are the numbers whose first *and* last byte have the highest bit, in the order of a count. `voice.crypto.nonces`
says why; it knows a client's own nonces.
"""

from typing import Final

_HIGH: Final = 0x80
_SEVEN_BITS: Final = 0x7F
_LAST: Final = (1 << 30) - 1


class NoncesUsedUp(Exception):
    """The session has sent a thousand million packets, and needs another key."""


class OwnNonces:
    """The nonces."""

    __slots__ = ("_count",)

    def __init__(self, count: int = 0) -> None:
        self._count = count

    def take(self) -> bytes:
        """Return the next nonce. Raises NoncesUsedUp."""
        count = self._count
        if count > _LAST:
            raise NoncesUsedUp
        self._count = count + 1
        low = _HIGH | (count & _SEVEN_BITS)
        middle = (count >> 7) & 0xFFFF
        return bytes((_HIGH | (count >> 23), middle >> 8, middle & 0xFF, low))
