"""The three encodings of gateway payloads, both ways.

To the client: `encode_payload` makes a whole payload (HELLO, acks, …). A dispatch is `SEQ_HEADS`, the recipient's `s`,
and the bytes after it. `share_dispatch` makes these from a whole `d`; `open_dispatch` and `encode_pairs` make them
piece by piece, for a `d` whose pairs come from several places.

From the client: `decode_frame` reads the outer `{op, t, d}` of a payload and leaves `d` for
`gateway.commands.command_parser`, which knows its type. `d` is still encoded for JSON and msgpack, and a plain object
for ETF.

Erlang's term format and the splicing of `s` are kernels (`core_ext`); JSON and msgpack are msgspec's.
"""

import enum
import itertools
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from core.wire import close_codes
from core.wire.lone_surrogates import replace_lone_surrogates
from core_ext import payloads


class Encoding(enum.IntEnum):
    """The encodings: `encoding` of the gateway's address."""

    JSON = 0
    ETF = 1
    MSGPACK = 2


ENCODINGS = {"json": Encoding.JSON, "etf": Encoding.ETF, "msgpack": Encoding.MSGPACK}
"""The encodings by their names in the address."""

SEQ_BYTES = 4
SEQ_HEADS = {
    Encoding.JSON: b"",
    Encoding.ETF: payloads.share_etf("X", b"\x83")[: payloads.ETF_SEQ_OFFSET],
    Encoding.MSGPACK: payloads.share_msgpack("X", b"")[: payloads.MSGPACK_SEQ_OFFSET],
}
"""The bytes before a dispatch's `s`. In JSON `s` has any width, and the framing of `core_ext` writes the bytes around
it."""

JSON_END = b"}}"
"""The end of `d` and of the payload, for a dispatch of `open_dispatch`. The binary encodings have no such end."""

MAX_CLIENT_DEPTH = 32
"""The greatest depth of a client's payload. Real ones need seven (member list subscriptions)."""


class RefusedPayload(Exception):
    """A client's payload that ends its connection, with the code to end it with."""

    def __init__(self, close_code: close_codes.CloseCode) -> None:
        super().__init__(close_code.reason)
        self.close_code = close_code


class ClientPayload(msgspec.Struct, frozen=True, gc=False):
    """The outside of a client's payload. `d` is raw for JSON and msgpack; some writers make every number a float."""

    op: int | float
    d: msgspec.Raw = msgspec.Raw()
    t: object = None


class EtfPayload(msgspec.Struct, frozen=True):
    """The outside of a client's payload in ETF, where `d` is decoded with the rest."""

    op: int | float
    d: object = None
    t: object = None


_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
"""A JSON string. One without an end reaches to the end of the data, so that a search never begins anew behind it."""
_MIN_INT, _MAX_INT = -(1 << 63), (1 << 64) - 1
_OPENING = b"[{"
_CLOSING = b"]}"
_MSGPACK_CONTAINERS = bytes((*range(0x80, 0xA0), *range(0xDC, 0xE0)))
"""The bytes that begin a map or a list. They may also be a part of other values."""

_json_encoder = msgspec.json.Encoder()
_msgpack_encoder = msgspec.msgpack.Encoder()
_json_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_json_payload = msgspec.json.Decoder(ClientPayload)
_msgpack_payload = msgspec.msgpack.Decoder(ClientPayload)


def encode_payload(encoding: Encoding, op: int, d: object = None) -> bytes:
    """Encode a whole payload without `s`. `d` is anything that msgspec encodes."""
    payload = {"t": None, "s": None, "op": op, "d": d}
    if encoding is Encoding.JSON:
        return _json_encoder.encode(payload)
    if encoding is Encoding.MSGPACK:
        return _msgpack_encoder.encode(payload)
    return payloads.etf_encode(msgspec.to_builtins(payload))


def share_dispatch(encoding: Encoding, event: str, payload: bytes) -> bytes:
    """Encode the part of a dispatch after `s`. `payload` is `d` as JSON."""
    if encoding is Encoding.JSON:
        return payloads.share_json(event, payload)
    return _share_binary(encoding, event, _encode_binary(encoding, payload))


def open_dispatch(encoding: Encoding, event: str, count: int) -> bytes:
    """Encode a dispatch from after `s` to the pairs of `d`, an object of `count` pairs. JSON ignores the count."""
    if encoding is Encoding.JSON:
        return payloads.share_json(event, b"{")[:-1]
    return _share_binary(encoding, event, _write_map_header(encoding, count))


def encode_pairs(encoding: Encoding, payload: bytes) -> tuple[int, bytes]:
    """Return the number of a JSON object's pairs (in JSON 0 or 1, for any), and the pairs without brackets."""
    if encoding is Encoding.JSON:
        pairs = payload.strip()[1:-1].strip()
        return min(len(pairs), 1), pairs
    whole = _encode_binary(encoding, payload)
    if encoding is Encoding.ETF:
        return int.from_bytes(whole[2:6], "big"), whole[6:]
    count = len(_json_object.decode(payload))
    return count, whole[len(_write_map_header(encoding, count)) :]


def _encode_binary(encoding: Encoding, payload: bytes) -> bytes:
    encode = payloads.etf_encode if encoding is Encoding.ETF else _msgpack_encoder.encode
    d = msgspec.json.decode(payload)
    try:
        return encode(d)
    except (payloads.EtfError, OverflowError):
        return encode(narrow_ints(d))


def _share_binary(encoding: Encoding, event: str, d: bytes) -> bytes:
    share = payloads.share_etf if encoding is Encoding.ETF else payloads.share_msgpack
    return share(event, d)[len(SEQ_HEADS[encoding]) + SEQ_BYTES :]


def _write_map_header(encoding: Encoding, count: int) -> bytes:
    if encoding is Encoding.ETF:
        return b"\x83t" + count.to_bytes(4, "big")
    if count < 16:
        return bytes((0x80 | count,))
    if count < 1 << 16:
        return b"\xde" + count.to_bytes(2, "big")
    return b"\xdf" + count.to_bytes(4, "big")


def narrow_ints(value: object) -> object:
    """Replace every int past 64 bits by a string. JSON can hold such an int (in a message's nonce), the others cannot.

    Discord's JavaScript decoder makes the same of an ETF int that is too large for it.
    """
    if isinstance(value, int):
        return value if _MIN_INT <= value <= _MAX_INT else str(value)
    if isinstance(value, dict):
        return {key: narrow_ints(item) for key, item in value.items()}
    if isinstance(value, list):
        return [narrow_ints(item) for item in value]
    return value


def decode_frame(encoding: Encoding, data: bytes) -> ClientPayload | EtfPayload:
    """Decode the outside of a client's payload.

    Raises:
        RefusedPayload: 4002, for data that is no payload.
    """
    try:
        if encoding is Encoding.JSON:
            if not data.isascii():
                data.decode()  # msgspec looks at text only where it makes a str, and `d` is left raw
            check_depth(data)
            return _decode_json_payload(data)
        if encoding is Encoding.MSGPACK:
            check_msgpack_depth(data)
            return _msgpack_payload.decode(data)
        return msgspec.convert(payloads.etf_decode(data, max_depth=MAX_CLIENT_DEPTH), EtfPayload)
    except (msgspec.MsgspecError, payloads.EtfError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise RefusedPayload(close_codes.DECODE_ERROR) from error


def _decode_json_payload(data: bytes) -> ClientPayload:
    """Decode JSON, also with lone surrogates in `d`, which msgspec refuses."""
    try:
        return _json_payload.decode(data)
    except msgspec.DecodeError:
        repaired = replace_lone_surrogates(data)
        if repaired is data:
            raise
        return _json_payload.decode(repaired)


def check_depth(data: bytes) -> None:
    """Refuse JSON that nests deeper than `MAX_CLIENT_DEPTH`. Broken JSON may pass, because its parser comes next.

    Raises:
        RefusedPayload: 4002.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_CLIENT_DEPTH:
        return
    depth = 0
    for byte in _JSON_STRING.sub(b"", data):
        if byte in _OPENING:
            depth += 1
            if depth > MAX_CLIENT_DEPTH:
                raise RefusedPayload(close_codes.DECODE_ERROR)
        elif byte in _CLOSING:
            depth -= 1


def check_msgpack_depth(data: bytes) -> None:
    """Refuse msgpack that nests too deep. Its parser is bounded by the interpreter's stack alone.

    Raises:
        RefusedPayload: 4002.
    """
    if len(data) - len(data.translate(None, _MSGPACK_CONTAINERS)) <= MAX_CLIENT_DEPTH:
        return
    try:
        level = [msgspec.msgpack.decode(data)]
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, OverflowError):
        return
    for _ in range(MAX_CLIENT_DEPTH + 1):
        level = [inner for value in level for inner in _inner_values(value)]
        if not level:
            return
    raise RefusedPayload(close_codes.DECODE_ERROR)


def _inner_values(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return itertools.chain(value, value.values())
    return value if isinstance(value, list | tuple) else ()
