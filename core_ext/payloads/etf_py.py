"""Erlang's external term format, as far as Discord's gateway and its client libraries speak it.

The encoder writes what the erlpack library makes and reads: nil, true and false as small atoms, strings as UTF-8
binaries, lists, maps with binary keys. The decoder takes any of the tags below, in a document that is bounded in depth
and number of terms. A document that has another tag, is cut short, is too big or goes on behind its term raises
EtfError, and no other error.

    value        tags written            read besides those
    None, bool   SMALL_ATOM 115          ATOM 100, ATOM_UTF8 118, SMALL_ATOM_UTF8 119; nil and null are None, any name
                                         other than those and true and false is a str
    int          SMALL_INTEGER 97, INTEGER 98, SMALL_BIG 110 up to 8 bytes     LARGE_BIG 111 up to 8 bytes
    float        NEW_FLOAT 70            FLOAT 99 (text); finite ones only, as in JSON; a whole number below 2**53 is
                                         read as int, since JavaScript's erlpack writes those past 32 bits as floats
    str          BINARY 109 (UTF-8)      bytes are written as a binary too, and read as a str
    list         LIST 108, NIL 106       STRING 107 (a list of bytes), SMALL_TUPLE 104, LARGE_TUPLE 105
    dict         MAP 116, str keys       int keys; the last of equal keys counts

Source: the Erlang/OTP documentation, "External Term Format".

Compiled as `core_ext.payloads.etf_c` with the types in `etf_c.pxd`.
"""

import struct
from collections.abc import Iterable
from math import isfinite

_VERSION = 131
_NEW_FLOAT = 70
_SMALL_INTEGER = 97
_INTEGER = 98
_FLOAT = 99
_ATOM = 100
_SMALL_TUPLE = 104
_LARGE_TUPLE = 105
_NIL = 106
_STRING = 107
_LIST = 108
_BINARY = 109
_SMALL_BIG = 110
_LARGE_BIG = 111
_SMALL_ATOM = 115
_MAP = 116
_ATOM_UTF8 = 118
_SMALL_ATOM_UTF8 = 119

_MAX_BIG_BYTES = 8
"""Ids have 64 bits. A larger int has no meaning here, and the conversion of huge ints costs quadratic time."""

_MAX_WHOLE = float(1 << 53)
_MAX_ATOM_BYTES = 255
_FLOAT_BYTES = 31

DEFAULT_DECODE_DEPTH = 32
DEFAULT_DECODE_TERMS = 10_000
"""A client's payload is at most 4096 bytes, so it never reaches this."""

DEFAULT_ENCODE_DEPTH = 128
"""The server's own payloads are flat. The bound only keeps a mistake from ending the process."""

_double = struct.Struct(">d")


class EtfError(ValueError):
    """The bytes are no ETF document that is accepted, or the object cannot be encoded."""


def etf_encode(obj: object, *, max_depth: int = DEFAULT_ENCODE_DEPTH) -> bytes:
    """Encode `obj` (None, bool, int, float, str, bytes, list, tuple, dict with str keys, nested) as an ETF document.

    Raises:
        EtfError: for other types, ints past 64 bits, floats that are not finite, and deeper nesting.
    """
    out = bytearray((_VERSION,))
    _encode(out, obj, max_depth)
    return bytes(out)


def _encode(out: bytearray, obj: object, depth: int) -> None:
    if isinstance(obj, str):
        _encode_str(out, obj)
    elif obj is None:
        out += b"s\x03nil"
    elif obj is True:
        out += b"s\x04true"
    elif obj is False:
        out += b"s\x05false"
    elif isinstance(obj, int):
        _encode_int(out, obj)
    elif isinstance(obj, dict):
        _encode_dict(out, obj, depth)
    elif isinstance(obj, (list, tuple)):
        _encode_list(out, obj, depth)
    elif isinstance(obj, float):
        _encode_float(out, obj)
    elif isinstance(obj, bytes):
        _encode_binary(out, obj)
    else:
        raise EtfError(f"no ETF form for {type(obj).__name__}")


def _put_size(out: bytearray, size: int) -> None:
    out.append(size >> 24 & 0xFF)
    out.append(size >> 16 & 0xFF)
    out.append(size >> 8 & 0xFF)
    out.append(size & 0xFF)


def _encode_binary(out: bytearray, data: bytes) -> None:
    out.append(_BINARY)
    _put_size(out, len(data))
    out += data


def _encode_str(out: bytearray, text: str) -> None:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EtfError("a string holds a lone surrogate") from error
    _encode_binary(out, data)


def _encode_int(out: bytearray, value: int) -> None:
    if 0 <= value <= 255:
        out.append(_SMALL_INTEGER)
        out.append(value)
    elif -(1 << 31) <= value < 1 << 31:
        out.append(_INTEGER)
        out += int(value).to_bytes(4, "big", signed=True)
    else:
        magnitude = abs(int(value))
        size = (magnitude.bit_length() + 7) // 8
        if size > _MAX_BIG_BYTES:
            raise EtfError("an int is past 64 bits")
        out.append(_SMALL_BIG)
        out.append(size)
        out.append(1 if value < 0 else 0)
        out += magnitude.to_bytes(size, "little")


def _encode_float(out: bytearray, value: float) -> None:
    if not isfinite(value):
        raise EtfError("a float is not finite")
    out.append(_NEW_FLOAT)
    out += _double.pack(value)


def _encode_list(out: bytearray, items: Iterable[object], depth: int) -> None:
    if depth <= 0:
        raise EtfError("nested too deep")
    count = len(items)  # type: ignore[arg-type] # a list or a tuple, as _encode has seen
    if count:
        out.append(_LIST)
        _put_size(out, count)
        for item in items:
            _encode(out, item, depth - 1)
    out.append(_NIL)


def _encode_dict(out: bytearray, items: dict[object, object], depth: int) -> None:
    if depth <= 0:
        raise EtfError("nested too deep")
    out.append(_MAP)
    _put_size(out, len(items))
    for key, value in items.items():
        if not isinstance(key, str):
            raise EtfError("a map's key is not a str")
        _encode_str(out, key)
        _encode(out, value, depth - 1)


def etf_decode(data: bytes, *, max_depth: int = DEFAULT_DECODE_DEPTH, max_terms: int = DEFAULT_DECODE_TERMS) -> object:
    """Decode a whole ETF document.

    `max_depth` is the most nested containers, `max_terms` the most terms (keys and items count).

    Raises:
        EtfError: for every document that is not accepted.
    """
    return _Decoder(data, max_terms).decode(max_depth)


class _Decoder:
    """A cursor over one document. `_terms` is the number of terms that may still come. It holds `data`."""

    __slots__ = ("_data", "_position", "_size", "_terms")

    def __init__(self, data: bytes, max_terms: int) -> None:
        self._data = data
        self._size = len(data)
        self._position = 0
        self._terms = max_terms

    def decode(self, max_depth: int) -> object:
        """Return the one term of the document."""
        if self._unsigned(1) != _VERSION:
            raise EtfError("not an ETF document of version 131")
        value = self._term(max_depth)
        if self._position != self._size:
            raise EtfError("bytes are left after the term")
        return value

    def _skip(self, size: int) -> int:
        """Move on by `size` bytes and return the place where they begin. All reading goes through here."""
        start = self._position
        if size > self._size - start:
            raise EtfError("the document is cut short")
        self._position = start + size
        return start

    def _unsigned(self, size: int) -> int:
        """Read a big-endian number of at most 4 bytes."""
        start = self._skip(size)
        value = 0
        for index in range(start, start + size):
            value = value << 8 | self._data[index]
        return value

    def _slice(self, size: int) -> bytes:
        start = self._skip(size)
        return self._data[start : start + size]

    def _spend(self, terms: int) -> None:
        if terms > self._terms:
            raise EtfError("too many terms")
        self._terms -= terms

    def _term(self, depth: int) -> object:
        self._spend(1)
        tag = self._unsigned(1)
        if tag == _BINARY:
            return self._text(self._unsigned(4))
        if tag in (_SMALL_INTEGER, _INTEGER, _SMALL_BIG, _LARGE_BIG):
            return self._int(tag)
        if tag in (_NEW_FLOAT, _FLOAT):
            return self._float(tag)
        if tag in (_SMALL_ATOM, _SMALL_ATOM_UTF8, _ATOM, _ATOM_UTF8):
            return self._atom(tag)
        return self._container(tag, depth)

    def _container(self, tag: int, depth: int) -> object:
        if depth <= 0:
            raise EtfError("nested too deep")
        if tag == _MAP:
            return self._map(self._unsigned(4), depth - 1)
        if tag == _LIST:
            return self._list(self._unsigned(4), depth - 1)
        if tag == _NIL:
            return []
        if tag == _SMALL_TUPLE:
            return self._items(self._unsigned(1), depth - 1)
        if tag == _LARGE_TUPLE:
            return self._items(self._unsigned(4), depth - 1)
        if tag == _STRING:
            count = self._unsigned(2)
            self._spend(count)
            return list(self._slice(count))
        raise EtfError("a tag is not known or not taken")

    def _text(self, size: int) -> str:
        try:
            return self._slice(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise EtfError("a binary is not UTF-8") from error

    def _int(self, tag: int) -> int:
        if tag == _SMALL_INTEGER:
            return self._unsigned(1)
        if tag == _INTEGER:
            value = self._unsigned(4)
            return value - (1 << 32) if value >= 1 << 31 else value
        size = self._unsigned(1) if tag == _SMALL_BIG else self._unsigned(4)
        if size > _MAX_BIG_BYTES:
            raise EtfError("an int is past 64 bits")
        sign = self._unsigned(1)
        if sign > 1:
            raise EtfError("an int's sign is neither 0 nor 1")
        magnitude = int.from_bytes(self._slice(size), "little")
        return -magnitude if sign else magnitude

    def _float(self, tag: int) -> int | float:
        if tag == _NEW_FLOAT:
            value = float(_double.unpack(self._slice(8))[0])
        else:
            digits = self._slice(_FLOAT_BYTES).rstrip(b"\x00")
            if digits.strip(b"0123456789+-.eE"):
                raise EtfError("a float is no number")
            try:
                value = float(digits)
            except ValueError as error:
                raise EtfError("a float is no number") from error
        if not isfinite(value):
            raise EtfError("a float is not finite")
        if value.is_integer() and -_MAX_WHOLE < value < _MAX_WHOLE:
            return int(value)
        return value

    def _atom(self, tag: int) -> object:
        size = self._unsigned(1) if tag in (_SMALL_ATOM, _SMALL_ATOM_UTF8) else self._unsigned(2)
        if size > _MAX_ATOM_BYTES:
            raise EtfError("an atom is too long")
        name = self._slice(size).decode("latin-1") if tag in (_SMALL_ATOM, _ATOM) else self._text(size)
        if name in ("nil", "null"):
            return None
        if name == "true":
            return True
        if name == "false":
            return False
        return name

    def _items(self, count: int, depth: int) -> list[object]:
        if count > self._size - self._position:
            raise EtfError("the document is cut short")
        return [self._term(depth) for _ in range(count)]

    def _list(self, count: int, depth: int) -> list[object]:
        items = self._items(count, depth)
        if self._unsigned(1) != _NIL:
            raise EtfError("a list does not end in nil")
        return items

    def _map(self, count: int, depth: int) -> dict[object, object]:
        if count > (self._size - self._position) // 2:
            raise EtfError("the document is cut short")
        items: dict[object, object] = {}
        for _ in range(count):
            key = self._term(0)
            if not isinstance(key, (str, int)) or isinstance(key, bool):
                raise EtfError("a map's key is neither a string nor an int")
            items[key] = self._term(depth)
        return items
