"""The forms in which payloads leave: an encoding and a compression, as whole WebSocket frames.

A form holds no state of any connection, so there is one object a form and every connection of that form shares it. What a
dispatch needs for each recipient is put into a template by `core_ext` (see its framing and `gateway.compression` for the
layouts); templates are made here, once an event and form, and remembered by the event itself.

Payload compression is the exception: its checksum runs over `s` and all that follows, so it has no templates.

Uncompressed JSON goes out as text frames, everything else as binary ones.
"""

from typing import Final, Protocol

import core_ext
from gateway import compression
from gateway.compression import Compression
from gateway.dispatch_body import DispatchBody
from gateway.encodings import Encoding

_TEXT = 1
_BINARY = 2

_SEQ_BYTES = 4
_ETF_PREFIX_BYTES = core_ext.ETF_SEQ_OFFSET + _SEQ_BYTES
_MSGPACK_PREFIX_BYTES = core_ext.MSGPACK_SEQ_OFFSET + _SEQ_BYTES
PREFIX_BYTES = {Encoding.JSON: 0, Encoding.ETF: _ETF_PREFIX_BYTES, Encoding.MSGPACK: _MSGPACK_PREFIX_BYTES}
"""How much of a shared part is each recipient's own: the fixed-width `s` and what is before it."""

# The zstd pad must be a value in encodings that have no white space: of a fifth key, "_", which clients ignore.
_ETF_ZSTD_HEAD = b"\x83t\x00\x00\x00\x05m\x00\x00\x00\x01sb"
_ETF_ZSTD_PAD_KEY = b"m\x00\x00\x00\x01_m\x00\x00\x00\x11"
_MSGPACK_ZSTD_HEAD = b"\x85\xa1s\xce"
_MSGPACK_ZSTD_PAD_KEY = b"\xa1_\xb1"
_ZSTD_PREFIXES = {
    Encoding.ETF: (_ETF_ZSTD_HEAD, _ETF_ZSTD_PAD_KEY),
    Encoding.MSGPACK: (_MSGPACK_ZSTD_HEAD, _MSGPACK_ZSTD_PAD_KEY),
}
"""What is before `s`, and what is behind it, the pad to follow."""

NO_TEMPLATES: Final = -1
_STREAMS: Final = 3
"""The compressions that have templates are the first ones."""


class Form(Protocol):
    """One way to send. Every method but `make_template` gives a whole frame.

    `index` is where an event keeps the form's template, or `NO_TEMPLATES`.
    """

    index: int

    def open(self, payload: bytes) -> bytes:
        """The first payload of a connection, which begins its stream."""

    def encode(self, payload: bytes) -> bytes:
        """A payload of this connection alone."""

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """An event, for every recipient of this form; kept by the event, see `DispatchBody.templates`."""

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """An event with its `s`."""


def _encode_from_template(form: Form, body: DispatchBody, seq: int) -> bytes:
    template = body.templates[form.index]
    if template is None:
        template = body.templates[form.index] = form.make_template(body)
    return template.encode(seq)


def _place(encoding: Encoding, compression: Compression) -> int:
    return encoding * _STREAMS + compression


class PlainForm:
    """No compression."""

    __slots__ = ("_encoding", "_opcode", "index")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._opcode = _TEXT if encoding is Encoding.JSON else _BINARY
        self.index = _place(encoding, Compression.NONE)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(self._opcode, payload)

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `Form`."""
        shared = body.shared(self._encoding)
        if self._encoding is Encoding.JSON:
            return core_ext.Template(_TEXT, core_ext.TEMPLATE_JSON, b"", shared)
        end = PREFIX_BYTES[self._encoding]
        return core_ext.Template(_BINARY, core_ext.TEMPLATE_FIXED, shared[: end - _SEQ_BYTES], shared[end:])

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        return _encode_from_template(self, body, seq)


class ZlibStreamForm:
    """`compress=zlib-stream`."""

    __slots__ = ("_encoding", "index")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self.index = _place(encoding, Compression.ZLIB_STREAM)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        stored = compression.store_deflate(payload)
        return core_ext.frame(_BINARY, compression.ZLIB_HEADER + stored + compression.ZLIB_SYNC)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_deflate(payload) + compression.ZLIB_SYNC)

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `Form`."""
        encoding = self._encoding
        end = PREFIX_BYTES[encoding]
        segment = body.segment(encoding, Compression.ZLIB_STREAM, compression.compress_deflate, end)
        if encoding is Encoding.JSON:
            return core_ext.Template(_BINARY, core_ext.TEMPLATE_JSON_DEFLATE, b"", segment)
        head = compression.store_deflate(body.shared(encoding)[:end])[:-_SEQ_BYTES]
        return core_ext.Template(_BINARY, core_ext.TEMPLATE_FIXED, head, segment)

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        return _encode_from_template(self, body, seq)


class ZstdStreamForm:
    """`compress=zstd-stream`."""

    __slots__ = ("_encoding", "index")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self.index = _place(encoding, Compression.ZSTD_STREAM)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.ZSTD_HEADER + compression.store_zstd(payload))

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_zstd(payload))

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `Form`."""
        encoding = self._encoding
        segment = body.segment(encoding, Compression.ZSTD_STREAM, compression.compress_zstd, PREFIX_BYTES[encoding])
        if encoding is Encoding.JSON:
            return core_ext.Template(_BINARY, core_ext.TEMPLATE_JSON_ZSTD, b"", segment)
        before, after = _ZSTD_PREFIXES[encoding]
        block = compression.store_zstd(before + bytes(_SEQ_BYTES) + after)
        head = block[: -len(after) - _SEQ_BYTES]
        return core_ext.Template(_BINARY, core_ext.TEMPLATE_FIXED, head, after + segment)

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        return _encode_from_template(self, body, seq)


class ZlibPayloadForm:
    """Identify's `compress: true`: JSON, each payload a zlib document."""

    __slots__ = ("index",)

    def __init__(self) -> None:
        self.index = NO_TEMPLATES

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        segment = compression.compress_deflate(payload)
        return core_ext.frame(_BINARY, compression.finish_zlib(b"", payload, segment))

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `Form`. Never called."""
        raise NotImplementedError

    def encode_dispatch(self, body: DispatchBody, seq: int) -> bytes:
        """See `Form`."""
        # The segment is the one of zlib streams, so it is made once for both.
        segment = body.segment(Encoding.JSON, Compression.ZLIB_STREAM, compression.compress_deflate, 0)
        prefix = core_ext.splice_json(seq, b"")
        return core_ext.frame(_BINARY, compression.finish_zlib(prefix, body.shared(Encoding.JSON), segment))


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
