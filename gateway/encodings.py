"""The three encodings of gateway payloads, both ways.

Out: `encode_payload` makes a whole payload (HELLO, acks, …), `share_dispatch` the part of a dispatch that all recipients
share. In: `decode_frame` reads the outer `{op, t, d}` of a client's payload and leaves `d` for `gateway.commands`, which
knows its type: still encoded for JSON and msgpack, a plain object for ETF.

Erlang's term format and the splicing of `s` are kernels (`core_ext`); JSON and msgpack are msgspec's.
"""

import enum
import re

import msgspec

import core_ext
from core.wire import close_codes


class Encoding(enum.IntEnum):
    """`encoding` of the gateway's address."""

    JSON = 0
    ETF = 1
    MSGPACK = 2


ENCODINGS = {"json": Encoding.JSON, "etf": Encoding.ETF, "msgpack": Encoding.MSGPACK}
"""By their names in the address."""

MAX_CLIENT_DEPTH = 32
"""How deep a client's payload may nest; real ones need seven (member list subscriptions)."""


class RefusedPayload(Exception):
    """A client's payload that ends its connection, with the code to end it with."""

    def __init__(self, close_code: close_codes.CloseCode) -> None:
        super().__init__(close_code.reason)
        self.close_code = close_code


class ClientPayload(msgspec.Struct, frozen=True, gc=False):
    """The outside of a client's payload. `d` is raw for JSON and msgpack."""

    op: int
    d: msgspec.Raw = msgspec.Raw()
    t: str | None = None


class EtfPayload(msgspec.Struct, frozen=True):
    """The same in ETF, where `d` is decoded with the rest."""

    op: int
    d: object = None
    t: str | None = None


_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
"""One that does not end counts to the end of the data, so that a search never has to begin anew behind it."""
_MIN_INT, _MAX_INT = -(1 << 63), (1 << 64) - 1
_OPENING = b"[{"
_CLOSING = b"]}"

_json_encoder = msgspec.json.Encoder()
_msgpack_encoder = msgspec.msgpack.Encoder()
_json_payload = msgspec.json.Decoder(ClientPayload)
_msgpack_payload = msgspec.msgpack.Decoder(ClientPayload)


def encode_payload(encoding: Encoding, op: int, d: object = None) -> bytes:
    """A whole payload that carries no `s`. `d` is anything that msgspec encodes."""
    payload = {"t": None, "s": None, "op": op, "d": d}
    if encoding is Encoding.JSON:
        return _json_encoder.encode(payload)
    if encoding is Encoding.MSGPACK:
        return _msgpack_encoder.encode(payload)
    return core_ext.etf_encode(msgspec.to_builtins(payload))


def share_dispatch(encoding: Encoding, event: str, payload: bytes) -> bytes:
    """The shared part of a dispatch, as `core_ext`'s framing takes it. `payload` is `d` as JSON."""
    if encoding is Encoding.JSON:
        return core_ext.share_json(event, payload)
    d = msgspec.json.decode(payload)
    try:
        return _share_binary(encoding, event, d)
    except (core_ext.EtfError, OverflowError):
        return _share_binary(encoding, event, narrow_ints(d))


def _share_binary(encoding: Encoding, event: str, d: object) -> bytes:
    if encoding is Encoding.MSGPACK:
        return core_ext.share_msgpack(event, _msgpack_encoder.encode(d))
    return core_ext.share_etf(event, core_ext.etf_encode(d))


def narrow_ints(value: object) -> object:
    """The same with a string for every int past 64 bits, which JSON holds (in a message's nonce) and the others do not.

    It is what Discord's JavaScript decoder makes of an ETF int that is too large for it.
    """
    if isinstance(value, int):
        return value if _MIN_INT <= value <= _MAX_INT else str(value)
    if isinstance(value, dict):
        return {key: narrow_ints(item) for key, item in value.items()}
    if isinstance(value, list):
        return [narrow_ints(item) for item in value]
    return value


def decode_frame(encoding: Encoding, data: bytes) -> ClientPayload | EtfPayload:
    """The outside of a client's payload.

    Raises:
        RefusedPayload: 4002, for everything that is no payload.
    """
    try:
        if encoding is Encoding.JSON:
            if not data.isascii():
                data.decode()  # msgspec looks at text only where it makes a str, and `d` is left raw
            check_depth(data)
            return _json_payload.decode(data)
        if encoding is Encoding.MSGPACK:
            return _msgpack_payload.decode(data)
        return msgspec.convert(core_ext.etf_decode(data, max_depth=MAX_CLIENT_DEPTH), EtfPayload)
    except (msgspec.MsgspecError, core_ext.EtfError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise RefusedPayload(close_codes.DECODE_ERROR) from error


def check_depth(data: bytes) -> None:
    """Refuses JSON that nests deeper than `MAX_CLIENT_DEPTH`. Broken JSON may pass; its parser comes next.

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
