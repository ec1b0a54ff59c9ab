"""The forms in which payloads leave: an encoding and a compression, as whole WebSocket frames.

A form holds no state of any connection, so there is one object a form and every connection of that form shares it. What a
dispatch needs for each recipient is put into a template by `core_ext` (see its framing and `gateway.compression` for the
layouts); templates are made here. A body of many sessions has one in each form and keeps it, a spliced body's is made of the
session's own part and of segments that its shared parts keep:

    prefix with `s` │ opening: t, op, d's own pairs │ shared pairs │ shared pairs │ end

Uncompressed JSON goes out as text frames, everything else as binary ones.
"""

from typing import Final, Protocol

import core_ext
from gateway import compression
from gateway.compression import Compression, ZstdCompressor
from gateway.dispatch_body import DispatchBody
from gateway.encodings import SEQ_BYTES, SEQ_HEADS, Encoding
from gateway.spliced_body import Body, SplicedBody

_TEXT = 1
_BINARY = 2

_JSON_END: Final = b"}}"
"""What a spliced dispatch ends in: of `d`, and of the payload."""

_MAX_STORED_BYTES: Final = 512
"""Own parts up to here are not compressed: it would cost 6 to 12 microseconds a session and save little of its GUILD_CREATE."""

# The zstd pad must be a value in encodings that have no white space: of one more key, "_", which clients ignore. Each shared
# part has a pad of its own, so they are "_", "__" and so on in `d`; no object of the API has such a key.
_PADDED_HEADS: Final = {
    Encoding.JSON: b"",
    Encoding.ETF: b"\x83t\x00\x00\x00\x05" + SEQ_HEADS[Encoding.ETF][6:],
    Encoding.MSGPACK: b"\x85" + SEQ_HEADS[Encoding.MSGPACK][1:],
}
"""What is before `s` when a pad comes behind it."""

NO_TEMPLATES: Final = -1
_STREAMS: Final = 3
"""The compressions that have templates are the first ones."""


class Form(Protocol):
    """One way to send. Every method gives a whole frame.

    `index` is `NO_TEMPLATES`, or what `TemplateForm` says.
    """

    index: int

    def open(self, payload: bytes) -> bytes:
        """The first payload of a connection, which begins its stream."""

    def encode(self, payload: bytes) -> bytes:
        """A payload of this connection alone."""

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """An event with its `s`."""


class TemplateForm(Form, Protocol):
    """A form in which dispatches differ by their `s` alone. `index` is where an event keeps its template."""

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """An event of many sessions, for every recipient of this form."""

    def splice(self, body: SplicedBody) -> core_ext.Template:
        """An event of one session."""


def _place(encoding: Encoding, compression: Compression) -> int:
    return encoding * _STREAMS + compression


class PlainForm:
    """No compression."""

    __slots__ = ("_encoding", "_mode", "_opcode", "index")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        is_json = encoding is Encoding.JSON
        self._opcode = _TEXT if is_json else _BINARY
        self._mode = core_ext.TEMPLATE_JSON if is_json else core_ext.TEMPLATE_FIXED
        self.index = _place(encoding, Compression.NONE)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(self._opcode, payload)

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `Form`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `TemplateForm`."""
        encoding = self._encoding
        return core_ext.Template(self._opcode, self._mode, SEQ_HEADS[encoding], body.shared(encoding))

    def splice(self, body: SplicedBody) -> core_ext.Template:
        """See `TemplateForm`."""
        encoding = self._encoding
        rest = tuple(part.text(encoding) for part in body.parts)
        if encoding is Encoding.JSON:
            rest += (_JSON_END,)
        return core_ext.Template(self._opcode, self._mode, SEQ_HEADS[encoding], body.opening(encoding, 0), rest)


class ZlibStreamForm:
    """`compress=zlib-stream`."""

    __slots__ = ("_encoding", "_end", "_head", "_mode", "index")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        is_json = encoding is Encoding.JSON
        self._mode = core_ext.TEMPLATE_JSON_DEFLATE if is_json else core_ext.TEMPLATE_FIXED
        self._head = compression.store_deflate(SEQ_HEADS[encoding] + bytes(SEQ_BYTES))[:-SEQ_BYTES]
        self._end = compression.store_deflate(_JSON_END if is_json else b"") + compression.ZLIB_SYNC
        self.index = _place(encoding, Compression.ZLIB_STREAM)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        stored = compression.store_deflate(payload)
        return core_ext.frame(_BINARY, compression.ZLIB_HEADER + stored + compression.ZLIB_SYNC)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_deflate(payload) + compression.ZLIB_SYNC)

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `Form`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `TemplateForm`."""
        segment = compression.compress_deflate(body.shared(self._encoding))
        return core_ext.Template(_BINARY, self._mode, self._head, segment)

    def splice(self, body: SplicedBody) -> core_ext.Template:
        """See `TemplateForm`."""
        encoding = self._encoding
        opening = body.opening(encoding, 0)
        is_small = len(opening) <= _MAX_STORED_BYTES
        tail = compression.store_deflate(opening) if is_small else compression.compress_deflate(opening)
        segments = [
            part.segment(encoding, Compression.ZLIB_STREAM, 0, lambda text, _: compression.compress_deflate(text))
            for part in body.parts
        ]
        return core_ext.Template(_BINARY, self._mode, self._head, tail, (*segments, self._end))


class ZstdStreamForm:
    """`compress=zstd-stream`."""

    __slots__ = ("_compressor", "_encoding", "_end", "_head", "_mode", "_pad_key", "_padded_head", "index")

    def __init__(self, encoding: Encoding, compressor: ZstdCompressor) -> None:
        self._encoding = encoding
        self._compressor = compressor
        is_json = encoding is Encoding.JSON
        self._mode = core_ext.TEMPLATE_JSON_ZSTD if is_json else core_ext.TEMPLATE_FIXED
        self._head = compression.store_zstd(SEQ_HEADS[encoding] + bytes(SEQ_BYTES))[:-SEQ_BYTES]
        self._pad_key = _write_pad_key(encoding, 0)
        padded = compression.store_zstd(_PADDED_HEADS[encoding] + bytes(SEQ_BYTES) + self._pad_key)
        self._padded_head = padded[: -SEQ_BYTES - len(self._pad_key)]
        self._end = (compression.store_zstd(_JSON_END),) if is_json else ()
        self.index = _place(encoding, Compression.ZSTD_STREAM)

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.ZSTD_HEADER + compression.store_zstd(payload))

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        return core_ext.frame(_BINARY, compression.store_zstd(payload))

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `Form`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> core_ext.Template:
        """See `TemplateForm`."""
        return self._make(body.shared(self._encoding), ())

    def splice(self, body: SplicedBody) -> core_ext.Template:
        """See `TemplateForm`."""
        encoding = self._encoding
        opening = body.opening(encoding, 0 if encoding is Encoding.JSON else len(body.parts))
        segments = [
            part.segment(encoding, Compression.ZSTD_STREAM, position, self._compress)
            for position, part in enumerate(body.parts)
        ]
        return self._make(opening, (*segments, *self._end), is_small=len(opening) <= _MAX_STORED_BYTES)

    def _make(self, text: bytes, rest: tuple[bytes, ...], *, is_small: bool = False) -> core_ext.Template:
        """A template of a text, which is compressed unless that makes it no smaller, and of segments."""
        if not is_small:
            segment = self._pad_key + self._compressor.compress(text)
            if len(segment) < len(text):
                return core_ext.Template(_BINARY, self._mode, self._padded_head, segment, rest)
        return core_ext.Template(_BINARY, self._mode, self._head, compression.store_zstd(text), rest)

    def _compress(self, text: bytes, position: int) -> bytes:
        """The segment of shared pairs, with their pad."""
        pad_key = _write_pad_key(self._encoding, position)
        return compression.store_zstd(pad_key) + self._compressor.compress(text)


def _write_pad_key(encoding: Encoding, position: int) -> bytes:
    """A key and the header of a string of the pad's size. Nothing in JSON, where the pad is white space."""
    if encoding is Encoding.JSON:
        return b""
    name, size = b"_" * (position + 1), len(compression.ZSTD_PAD)
    if encoding is Encoding.ETF:
        return b"m" + len(name).to_bytes(4, "big") + name + b"m" + size.to_bytes(4, "big")
    return bytes((0xA0 | len(name),)) + name + bytes((0xA0 | size,))


class ZlibPayloadForm:
    """Identify's `compress: true`: JSON, each payload a zlib document. Its checksum runs over `s` too: no templates."""

    __slots__ = ("_stream", "index")

    def __init__(self, stream: ZlibStreamForm) -> None:
        """`stream` is of the same encoding. Its segments serve here as well, so they are made once for both."""
        self._stream = stream
        self.index = NO_TEMPLATES

    def open(self, payload: bytes) -> bytes:
        """See `Form`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `Form`."""
        segment = compression.compress_deflate(payload)
        return core_ext.frame(_BINARY, compression.finish_zlib(b"", payload, segment))

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `Form`."""
        segments = body.find_template(self._stream).shared
        text = core_ext.share_json(body.event, body.payload)
        return core_ext.frame(_BINARY, compression.finish_zlib(core_ext.splice_json(seq, b""), text, segments))


class Forms:
    """Every form, made once."""

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        self._forms: dict[tuple[Encoding, Compression], Form] = {}
        zstd = ZstdCompressor()
        for encoding in Encoding:
            self._forms[encoding, Compression.NONE] = PlainForm(encoding)
            self._forms[encoding, Compression.ZSTD_STREAM] = ZstdStreamForm(encoding, zstd)
            zlib_stream = self._forms[encoding, Compression.ZLIB_STREAM] = ZlibStreamForm(encoding)
            if encoding is Encoding.JSON:
                self._forms[encoding, Compression.ZLIB_PAYLOAD] = ZlibPayloadForm(zlib_stream)

    def find(self, encoding: Encoding, compression: Compression) -> Form:
        """The form for a pair. Payload compression is there for JSON only."""
        return self._forms[encoding, compression]
