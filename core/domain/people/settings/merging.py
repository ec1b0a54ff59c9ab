"""Settings as protobuf, kept byte for byte: what a field means is the client's business.

A client sends a partial message. Each top-level field in it replaces the stored one whole, with all its occurrences.
Fields that this server does not know are kept as any other. One is looked into: `versions` (field 1), whose
`data_version` (field 3 in it) grows by one with each change, so that a client can tell that another was quicker.

Source: the behaviour of people's clients. Pure.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from core.domain.people.settings.protobuf import (
    BYTES,
    VARINT,
    BadProto,
    join,
    open_message,
    read_varint,
    split,
    walk,
    write_field,
    write_varint,
)

MAX_BYTES: Final = 256 * 1024
"""The largest settings: some times what clients store."""

_VERSIONS: Final = 1
_DATA_VERSION: Final = 3


class Merged(NamedTuple):
    """The result of a change. `is_out_of_date` says that nothing was changed, since the stored message is newer."""

    proto: bytes
    is_out_of_date: bool


def merge(stored: bytes, partial: bytes, *, required_version: int | None = None) -> Merged:
    """Put the fields of a partial message into a stored one.

    Nothing changes when the stored `data_version` is above `required_version`.

    Raises:
        BadProto: for a partial message that is none, or when both together are none because of their size.
    """
    if len(partial) > MAX_BYTES:
        raise BadProto("too many bytes")
    given, kept = split(partial), split(stored)
    version = _find_data_version(kept.get(_VERSIONS, b""))
    if required_version is not None and version > required_version:
        return Merged(stored, is_out_of_date=True)
    fields = {**kept, **given}
    fields[_VERSIONS] = _with_data_version(fields.get(_VERSIONS, b""), version + 1)
    merged = join(fields)
    for _ in walk(merged):
        pass
    return Merged(merged, is_out_of_date=False)


def _find_data_version(field: bytes) -> int:
    return _read_number(split(open_message(field)), _DATA_VERSION)


def _read_number(message: Mapping[int, bytes], number: int) -> int:
    """Return a field's number, 0 for one that is not there or is none."""
    field = message.get(number, b"")
    if not field or field[0] & 7 != VARINT:
        return 0
    return read_varint(field, 1)[0]


def _with_data_version(field: bytes, version: int) -> bytes:
    fields = split(open_message(field))
    fields[_DATA_VERSION] = write_field(_DATA_VERSION, VARINT, write_varint(version))
    return write_field(_VERSIONS, BYTES, join(fields))
