"""Single values of settings, between their bytes and JSON: one codec a type. Pure.

Source: https://protobuf.dev/programming-guides/json and …/encoding.
"""

import base64
import binascii
import datetime as dt
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from core.domain.people.settings.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    BadProto,
    read_varint,
    walk,
    write_varint,
)
from core.domain.people.settings.schema import Enumeration, Scalar

_64_BITS: Final = 1 << 64
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECONDS: Final = 1


class BadSetting(ValueError):
    """A value that its field cannot hold; `path` leads to it."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Codec(NamedTuple):
    """How a type is read and written. `read` takes the bytes of the value and may raise BadProto.

    `write` raises ValueError or TypeError for a value that is none of the type. `default` is what is not written.
    """

    kind: int
    default: Any
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def codec_of(kind: Scalar | Enumeration) -> Codec:
    """Return the codec of a type."""
    return _enumerated(kind) if isinstance(kind, Enumeration) else _CODECS[kind]


def split_packed(values: bytes, kind: int) -> Iterator[bytes]:
    """Yield the bytes of each value of a packed list. Raises BadProto."""
    at = 0
    while at < len(values):
        end = read_varint(values, at)[1] if kind == VARINT else at + (8 if kind == FIXED64 else 4)
        if end > len(values):
            raise BadProto("a list that ends within a value")
        yield values[at:end]
        at = end


def _whole(value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    number = int(value)
    if not low <= number < high:
        raise ValueError
    return number


def _unsigned(bits: int, show: Callable[[int], Any]) -> Codec:
    return Codec(
        VARINT,
        show(0),
        lambda value: show(read_varint(value, 0)[0] % (1 << bits)),
        lambda value: write_varint(_whole(value, 0, 1 << bits)),
    )


def _signed(bits: int, show: Callable[[int], Any]) -> Codec:
    half = 1 << (bits - 1)

    def read(value: bytes) -> Any:
        number = read_varint(value, 0)[0] % (2 * half)
        return show(number - 2 * half if number >= half else number)

    # A negative number of 32 bits is written with 64, as all of protobuf does.
    return Codec(VARINT, show(0), read, lambda value: write_varint(_whole(value, -half, half) % _64_BITS))


def _enumerated(enumeration: Enumeration) -> Codec:
    names = enumeration.names

    def read(value: bytes) -> Any:
        number = read_varint(value, 0)[0]
        return names[number] if number < len(names) else number

    def write(value: Any) -> bytes:
        return write_varint(names.index(value) if value in names else _whole(value, 0, 1 << 31))

    return Codec(VARINT, names[0], read, write)


def _write_bool(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise TypeError
    return bytes((value,))


def _write_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return value.encode()


def _read_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadProto("a text that is no UTF-8") from error


def _write_base64(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _write_float(value: Any) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    try:
        return struct.pack("<f", value)
    except OverflowError as error:
        raise ValueError from error


def _read_time(value: bytes) -> str:
    """Read seconds; what is less than one is cut off."""
    seconds = next((read_varint(value, each.value_at)[0] for each in walk(value) if each.number == _SECONDS), 0)
    try:
        return f"{_EPOCH + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    except OverflowError as error:
        raise BadProto("a time that no calendar has") from error


def _write_time(value: Any) -> bytes:
    given = dt.datetime.fromisoformat(value)
    if given.tzinfo is None or given < _EPOCH:
        raise ValueError
    return bytes((_SECONDS << 3 | VARINT,)) + write_varint(int((given - _EPOCH).total_seconds()))


_CODECS: Final[Mapping[Scalar, Codec]] = {
    Scalar.BOOL: Codec(VARINT, False, lambda value: read_varint(value, 0)[0] != 0, _write_bool),  # noqa: FBT003
    Scalar.UINT32: _unsigned(32, int),
    Scalar.UINT64: _unsigned(64, str),
    Scalar.INT32: _signed(32, int),
    Scalar.INT64: _signed(64, str),
    Scalar.FIXED64: Codec(
        FIXED64,
        "0",
        lambda value: str(int.from_bytes(value, "little")),
        lambda value: _whole(value, 0, _64_BITS).to_bytes(8, "little"),
    ),
    Scalar.FLOAT: Codec(FIXED32, 0.0, lambda value: struct.unpack("<f", value)[0], _write_float),
    Scalar.STRING: Codec(BYTES, "", _read_text, _write_text),
    Scalar.BYTES: Codec(BYTES, "", lambda value: base64.b64encode(value).decode(), _write_base64),
    Scalar.TIMESTAMP: Codec(BYTES, None, _read_time, _write_time),
}
