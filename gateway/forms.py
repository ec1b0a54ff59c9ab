"""The forms in which payloads leave: an encoding and a compression, as whole WebSocket frames.

A form holds no state of any connection, so there is one object a form and every connection of that form shares it. What a
dispatch needs for each recipient is put before the event's shared part here (see `core_ext`'s framing and
`gateway.compression` for the layouts); the shared part is remembered by the event itself.

Uncompressed JSON goes out as text frames, everything else as binary ones.
"""

from typing import Protocol

import core_ext
from gateway import compression
from gateway.compression import Compression
from gateway.dispatch_body import DispatchBody
from gateway.encodings import Encoding

_TEXT = 1
_BINARY = 2

_ETF_PREFIX_BYTES = core_ext.ETF_SEQ_OFFSET + 4
_MSGPACK_PREFIX_BYTES = core_ext.MSGPACK_SEQ_OFFSET + 4
PREFIX_BYTES = {Encoding.JSON: 0, Encoding.ETF: _ETF_PREFIX_BYTES, Encoding.MSGPACK: _MSGPACK_PREFIX_BYTES}
"""How much of a shared part is each recipient's own: the fixed-width `s` and what is before it."""

_FRAME_PLAIN = {
    Encoding.JSON: core_ext.frame_json,
    Encoding.ETF: core_ext.frame_etf,
    Encoding.MSGPACK: core_ext.frame_msgpack,
}

# The zstd pad must be a value in encodings that have no white space: of a fifth key, "_", which clients ignore.
_ETF_ZSTD_HEAD = b"\x83t\x00\x00\x00\x05m\x00\x00\x00\x01sb"
_ETF_ZSTD_PAD_KEY = b"m\x00\x00\x00\x01_m\x00\x00\x00\x11"
_MSGPACK_ZSTD_HEAD = b"\x85\xa1s\xce"
_MSGPACK_ZSTD_PAD_KEY = b"\xa1_\xb1"


class Form(Protocol):
    """One way to send. Every method gives a whole frame."""

    def open(self, payload: bytes) -> bytes:
        """The first payload of a connection, which begins its stream."""

    def encode(self, payload: bytes) -> bytes:
        """A payload of this connection alone."""

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """An event with its `s`."""


def encode_prefix(encoding: Encoding, shared: bytes, seq: int) -> bytes:
    """What of a dispatch precedes the part that all its recipients share."""
    if encoding is Encoding.JSON:
        return b'{"s":%d,' % seq
    if encoding is Encoding.ETF:
        return core_ext.splice_etf(seq, shared[:_ETF_PREFIX_BYTES])
    return core_ext.splice_msgpack(seq, shared[:_MSGPACK_PREFIX_BYTES])


def _encode_zstd_prefix(encoding: Encoding, seq: int) -> bytes:
    """The same, made to be followed by `ZSTD_PAD`."""
    if encoding is Encoding.JSON:
        return b'{"s":%d,' % seq
    head, key = (_ETF_ZSTD_HEAD, _ETF_ZSTD_PAD_KEY)
    if encoding is Encoding.MSGPACK:
        head, key = (_MSGPACK_ZSTD_HEAD, _MSGPACK_ZSTD_PAD_KEY)
    return head + seq.to_bytes(4, "big") + key


class PlainForm:
    """No compression."""

    __slots__ = ("_encoding", "_frame", "_opcode")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._opcode = _TEXT if encoding is Encoding.JSON else _BINARY
        self._frame = _FRAME_PLAIN[encoding]

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(self._opcode, payload)

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        return self._frame(seq, body.shared(self._encoding))


class ZlibStreamForm:
    """`compress=zlib-stream`."""

    __slots__ = ("_encoding",)

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        stored = compression.store_deflate(payload)
        return core_ext.frame(_BINARY, compression.ZLIB_HEADER + stored + compression.ZLIB_SYNC)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_deflate(payload) + compression.ZLIB_SYNC)

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        encoding = self._encoding
        prefix = encode_prefix(encoding, body.shared(encoding), seq)
        segment = body.segment(encoding, Compression.ZLIB_STREAM, compression.compress_deflate, PREFIX_BYTES[encoding])
        return core_ext.frame(_BINARY, compression.store_deflate(prefix) + segment)


class ZstdStreamForm:
    """`compress=zstd-stream`."""

    __slots__ = ("_encoding",)

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.ZSTD_HEADER + compression.store_zstd(payload))

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_zstd(payload))

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        encoding = self._encoding
        prefix = _encode_zstd_prefix(encoding, seq)
        segment = body.segment(encoding, Compression.ZSTD_STREAM, compression.compress_zstd, PREFIX_BYTES[encoding])
        return core_ext.frame(_BINARY, compression.store_zstd(prefix) + segment)


class ZlibPayloadForm:
    """Identify's `compress: true`: JSON, each payload a zlib document."""

    __slots__ = ()

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        segment = compression.compress_deflate(payload)
        return core_ext.frame(_BINARY, compression.finish_zlib(b"", payload, segment))

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        shared = body.shared(Encoding.JSON)
        prefix = encode_prefix(Encoding.JSON, shared, seq)
        # The segment is the one of zlib streams, so it is made once for both.
        segment = body.segment(Encoding.JSON, Compression.ZLIB_STREAM, compression.compress_deflate, 0)
        return core_ext.frame(_BINARY, compression.finish_zlib(prefix, shared, segment))


class Forms:
    """Every form, made once."""

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        self._forms: dict[tuple[Encoding, Compression], Form] = {
            (Encoding.JSON, Compression.ZLIB_PAYLOAD): ZlibPayloadForm()
        }
        for encoding in Encoding:
            self._forms[encoding, Compression.NONE] = PlainForm(encoding)
            self._forms[encoding, Compression.ZLIB_STREAM] = ZlibStreamForm(encoding)
            self._forms[encoding, Compression.ZSTD_STREAM] = ZstdStreamForm(encoding)

    def find(self, encoding: Encoding, compression: Compression) -> Form:
        """The form for a pair. Payload compression is there for JSON only."""
        return self._forms[encoding, compression]
