"""Dispatch framing: an encoding that all recipients of an event share, each one's `s` put into it, and a header.

    encoding  shared part, made once an event               per recipient
    json      "t":"NAME","op":0,"d":{...}}                  {"s":<digits>, goes before it
    etf       131, map of s t op d, s = 98 + 4 zero bytes   those 4 bytes, at ETF_SEQ_OFFSET, big-endian
    msgpack   map of s t op d, s = 0xce + 4 zero bytes      those 4 bytes, at MSGPACK_SEQ_OFFSET, big-endian

`share_*` makes the shared part from the event's name and its `d`, which has that encoding. `splice_*`
makes the payload of one recipient, and `frame*` a whole server-to-client WebSocket frame (final, not masked; RFC 6455
section 5.2). Every function returns new bytes and only reads its arguments. `seq` is in 0..2**31-1, the most that ETF's
fixed-width integer holds; another one raises OverflowError.

Reference for `framing_c.pyx`, which builds each result in one allocation.
"""

ETF_SEQ_OFFSET = 13
"""The place of `s` in a shared ETF part: behind version (1), map header (5), key "s" as a binary (6) and tag 98 (1)."""

MSGPACK_SEQ_OFFSET = 4
"""The place of `s` in a shared msgpack part: behind map header (1), key "s" (2) and tag 0xce (1)."""

MAX_SEQ = (1 << 31) - 1
"""The highest `s`."""

_MAX_LENGTH = (1 << 63) - 1
_TEXT = 1
_BINARY = 2

_ETF_HEAD = b"\x83t\x00\x00\x00\x04m\x00\x00\x00\x01sb\x00\x00\x00\x00m\x00\x00\x00\x01tm"
_ETF_OP = b"m\x00\x00\x00\x02opa\x00m\x00\x00\x00\x01d"
_MSGPACK_HEAD = b"\x84\xa1s\xce\x00\x00\x00\x00\xa1t"
_MSGPACK_OP = b"\xa2op\x00\xa1d"


def _name_of(event: str) -> bytes:
    name = event.encode("ascii")
    if not 1 <= len(name) <= 255:
        raise ValueError("an event's name has 1 to 255 characters")
    return name


def share_json(event: str, d: bytes) -> bytes:
    """The shared part of a JSON dispatch; `d` is JSON."""
    return b'"t":"%b","op":0,"d":%b}' % (_name_of(event), d)


def share_etf(event: str, d: bytes) -> bytes:
    """The shared part of an ETF dispatch; `d` is a whole ETF document, as `etf_encode` gives it.

    Raises:
        ValueError: when `d` does not begin with the version byte.
    """
    if d[:1] != b"\x83":
        raise ValueError("d is no ETF document")
    name = _name_of(event)
    return b"".join((_ETF_HEAD, len(name).to_bytes(4, "big"), name, _ETF_OP, d[1:]))


def share_msgpack(event: str, d: bytes) -> bytes:
    """The shared part of a msgpack dispatch; `d` is msgpack."""
    name = _name_of(event)
    header = bytes((0xA0 | len(name),)) if len(name) < 32 else bytes((0xD9, len(name)))
    return b"".join((_MSGPACK_HEAD, header, name, _MSGPACK_OP, d))


def _check_seq(seq: int) -> None:
    if not 0 <= seq <= MAX_SEQ:
        raise OverflowError("seq must be in 0..2**31-1")


def splice_json(seq: int, shared: bytes) -> bytes:
    """Return the JSON payload for one recipient."""
    _check_seq(seq)
    return b'{"s":%d,%b' % (seq, shared)


def _splice_fixed(seq: int, shared: bytes, offset: int) -> bytes:
    _check_seq(seq)
    if len(shared) < offset + 4:
        raise ValueError("not a shared part")
    return b"".join((shared[:offset], seq.to_bytes(4, "big"), shared[offset + 4 :]))


def splice_etf(seq: int, shared: bytes) -> bytes:
    """Return the ETF payload for one recipient."""
    return _splice_fixed(seq, shared, ETF_SEQ_OFFSET)


def splice_msgpack(seq: int, shared: bytes) -> bytes:
    """Return the msgpack payload for one recipient."""
    return _splice_fixed(seq, shared, MSGPACK_SEQ_OFFSET)


def websocket_header(opcode: int, length: int) -> bytes:
    """The header of an unmasked, final frame with a payload of `length` bytes.

    Raises:
        ValueError: when the opcode does not fit 4 bits or the length 63.
    """
    if not 0 <= opcode <= 15:
        raise ValueError("opcode must be in 0..15")
    if not 0 <= length <= _MAX_LENGTH:
        raise ValueError("length must be in 0..2**63-1")
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a frame with any payload."""
    return websocket_header(opcode, len(payload)) + payload


def frame_json(seq: int, shared: bytes) -> bytes:
    """Return the payload of `splice_json` in a text frame."""
    return frame(_TEXT, splice_json(seq, shared))


def frame_etf(seq: int, shared: bytes) -> bytes:
    """Return the payload of `splice_etf` in a binary frame."""
    return frame(_BINARY, splice_etf(seq, shared))


def frame_msgpack(seq: int, shared: bytes) -> bytes:
    """Return the payload of `splice_msgpack` in a binary frame."""
    return frame(_BINARY, splice_msgpack(seq, shared))
