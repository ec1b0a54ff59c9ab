"""Settings as protobuf, kept byte for byte: what a field means is the client's business.

A client sends a partial message. Each top-level field in it replaces the stored one whole, with all its occurrences.
Fields that this server does not know are kept as any other. One is looked into: `versions` (field 1), whose
`data_version` (field 3 in it) grows by one with each change, so that a client can tell that another was quicker.
`core.domain.status_settings` reads the status.

Source: the protocol buffers' encoding (https://protobuf.dev/programming-guides/encoding), and the behaviour of people's
clients. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

MAX_BYTES: Final = 256 * 1024
"""The largest settings: some times what clients store."""

_VERSIONS: Final = 1
_DATA_VERSION: Final = 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES: Final = 10
_MAX_FIELD: Final = (1 << 29) - 1


class BadProto(ValueError):
    """The bytes are no protobuf message."""


class Merged(NamedTuple):
    """The result of a change. `is_out_of_date` says that nothing was changed, since the stored message is newer."""

    proto: bytes
    is_out_of_date: bool


def merge(stored: bytes, partial: bytes, *, required_version: int | None = None) -> Merged:
    """Put the fields of a partial message into a stored one.

    Nothing changes when the stored `data_version` is above `required_version`.

    Raises:
        BadProto: for a partial message that is none.
    """
    given, kept = _split(partial), _split(stored)
    version = _find_data_version(kept.get(_VERSIONS, b""))
    if required_version is not None and version > required_version:
        return Merged(stored, is_out_of_date=True)
    fields = {**kept, **given}
    fields[_VERSIONS] = _with_data_version(fields.get(_VERSIONS, b""), version + 1)
    return Merged(b"".join(fields[number] for number in sorted(fields)), is_out_of_date=False)


def split_values(message: bytes) -> dict[int, bytes]:
    """Return the value of each top-level field, keyed by number; of one that comes several times the last.

    A number of variable length is left as it is encoded.

    Raises:
        BadProto: for bytes that are no message.
    """
    return {number: message[value_at:end] for number, value_at, _, end in _walk(message)}


def _split(message: bytes) -> dict[int, bytes]:
    """Return the bytes of each top-level field, with tags, keyed by number."""
    fields: dict[int, bytes] = {}
    for number, _, start, end in _walk(message):
        fields[number] = fields.get(number, b"") + message[start:end]
    return fields


def _walk(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, place of the value, start and end of each field."""
    at = 0
    while at < len(message):
        tag, value_at = _read_varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, end = _read_varint(message, value_at)
        elif kind == _BYTES:
            size, value_at = _read_varint(message, value_at)
            end = value_at + size
        elif kind in _FIXED:
            end = value_at + _FIXED[kind]
        else:
            raise BadProto("a field of an unknown kind")
        if not 0 < number <= _MAX_FIELD or end > len(message):
            raise BadProto("a field without a number or an end")
        yield number, value_at, at, end
        at = end


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place behind it."""
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if at + index >= len(message):
            break
        byte = message[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise BadProto("a number without an end")


def _write_varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def _find_data_version(field: bytes) -> int:
    return _read_number(_open(field), _DATA_VERSION)


def _read_number(message: Mapping[int, bytes], number: int) -> int:
    """Return a field's number, 0 for one that is not there or is none."""
    field = message.get(number, b"")
    if not field or field[0] & 7 != _VARINT:
        return 0
    return _read_varint(field, 1)[0]


def _open(field: bytes) -> dict[int, bytes]:
    """Return the fields of the message in a field; none for a field that holds no message."""
    fields: dict[int, bytes] = {}
    for _, value_at, start, end in _walk(field):
        if field[start] & 7 == _BYTES:
            fields.update(_split(field[value_at:end]))
    return fields


def _with_data_version(field: bytes, version: int) -> bytes:
    fields = _open(field)
    fields[_DATA_VERSION] = bytes((_DATA_VERSION << 3 | _VARINT,)) + _write_varint(version)
    message = b"".join(fields[number] for number in sorted(fields))
    return bytes((_VERSIONS << 3 | _BYTES,)) + _write_varint(len(message)) + message
