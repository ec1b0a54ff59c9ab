"""The bytes of a protobuf message: its fields, found and written one by one. Nothing of what they mean.

A field is a tag (number and kind) and a value. Settings are the only protobuf here, they are small, and what a client
has written is to stay byte for byte; a library parses into objects of its own and writes anew. So this is all there is.

Source: the protocol buffers' encoding (https://protobuf.dev/programming-guides/encoding). Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""The kinds of values: a number of some bytes, eight bytes, a length with as many bytes, four bytes."""

_SIZES: Final = {FIXED64: 8, FIXED32: 4}
_MAX_VARINT_BYTES: Final = 10
_MAX_FIELD: Final = (1 << 29) - 1
MAX_FIELDS: Final = 8192
"""The fields of one message: more than any client stores, in a few dozen milliseconds. The largest settings could have
131,072 of two bytes each."""


class BadProto(ValueError):
    """The bytes are no protobuf message."""


class Found(NamedTuple):
    """A field of a message: its number and kind, and where it begins, has its value, and ends."""

    number: int
    kind: int
    start: int
    value_at: int
    end: int


def walk(message: bytes) -> Iterator[Found]:
    """Yield the fields. Raises BadProto when a field is reached that is none, or one too many."""
    at = count = 0
    while at < len(message):
        count += 1
        if count > MAX_FIELDS:
            raise BadProto("too many fields")
        tag, value_at = read_varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            _, end = read_varint(message, value_at)
        elif kind == BYTES:
            size, value_at = read_varint(message, value_at)
            end = value_at + size
        elif kind in _SIZES:
            end = value_at + _SIZES[kind]
        else:
            raise BadProto("a field of an unknown kind")
        if not 0 < number <= _MAX_FIELD or end > len(message):
            raise BadProto("a field without a number or an end")
        yield Found(number, kind, at, value_at, end)
        at = end


def split(message: bytes) -> dict[int, bytes]:
    """Return the bytes of each field, with tags and all occurrences, keyed by number. Raises BadProto."""
    fields: dict[int, list[bytes]] = {}
    for number, _, start, _, end in walk(message):
        fields.setdefault(number, []).append(message[start:end])
    return {number: b"".join(occurrences) for number, occurrences in fields.items()}


def join(fields: Mapping[int, bytes]) -> bytes:
    """Return the message of these fields, in the order of their numbers."""
    return b"".join(fields[number] for number in sorted(fields))


def open_message(field: bytes) -> bytes:
    """Return the message within a field: of all occurrences, which add up; empty for a field that holds none."""
    return b"".join(field[found.value_at : found.end] for found in walk(field) if found.kind == BYTES)


def read_varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place behind it. Raises BadProto."""
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if at + index >= len(message):
            break
        byte = message[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise BadProto("a number without an end")


def write_varint(value: int) -> bytes:
    """Write a number that is not negative."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def write_field(number: int, kind: int, value: bytes) -> bytes:
    """Write a field; a length goes before bytes."""
    length = write_varint(len(value)) if kind == BYTES else b""
    return write_varint(number << 3 | kind) + length + value
