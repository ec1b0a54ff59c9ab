"""The bytes of MLS: numbers and vectors of the TLS presentation language (RFC 9420, section 2.1)."""

from collections.abc import Iterator
from typing import Final

_ONE_BYTE: Final = 1 << 6
_TWO_BYTES: Final = 1 << 14
_FOUR_BYTES: Final = 1 << 30
_UNUSED_FORM: Final = 3


class BadMessage(Exception):
    """The bytes are not the message that they should be, or say what may not be said."""


def encode_uint(value: int, size: int) -> bytes:
    """Write a number of so many bytes."""
    return value.to_bytes(size, "big")


def encode_vector(content: bytes) -> bytes:
    """Write bytes behind their length."""
    length = len(content)
    if length < _ONE_BYTE:
        return bytes([length]) + content
    if length < _TWO_BYTES:
        return (length | 1 << 14).to_bytes(2, "big") + content
    if length < _FOUR_BYTES:
        return (length | 2 << 30).to_bytes(4, "big") + content
    raise ValueError("a vector has less than a gigabyte")


class Reader:
    """Reads from the front. All methods raise BadMessage when there is less than they need."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at(self) -> int:
        """How many bytes are read."""
        return self._at

    @property
    def rest(self) -> bytes:
        """What is not read yet."""
        return self._data[self._at :]

    def since(self, start: int) -> bytes:
        """Return what was read from this place on."""
        return self._data[start : self._at]

    def uint(self, size: int) -> int:
        """Read a number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """Read so many bytes."""
        end = self._at + size
        if end > len(self._data):
            raise BadMessage("it ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def vector(self) -> bytes:
        """Read a vector's content."""
        first = self.uint(1)
        form = first >> 6
        if form == _UNUSED_FORM:
            raise BadMessage("a length of an unknown form")
        more = (1 << form) - 1
        length = (first & 0x3F) << 8 * more | self.uint(more)
        if more and length < (_ONE_BYTE if more == 1 else _TWO_BYTES):
            raise BadMessage("a length that has a shorter form")
        return self.take(length)

    def vectors(self) -> Iterator["Reader"]:
        """Read a vector of structures: one reader of what is left of it, again and again until nothing is."""
        inner = Reader(self.vector())
        while inner.at < len(inner._data):
            before = inner.at
            yield inner
            if inner.at == before:
                raise BadMessage("a structure that nobody has read")

    def flag(self) -> bool:
        """Read whether an optional value follows."""
        flag = self.uint(1)
        if flag > 1:
            raise BadMessage("neither there nor not there")
        return bool(flag)

    def end(self) -> None:
        """Check that everything is read."""
        if self._at != len(self._data):
            raise BadMessage("more follows than should")
