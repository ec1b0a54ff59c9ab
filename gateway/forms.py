"""The forms in which payloads leave: an encoding and a compression, as whole WebSocket frames.

A form holds no state of any connection, so there is one object a form and every connection of that form shares it. What a
dispatch needs for each recipient is put into a template by `core_ext` (see its framing and `gateway.compression` for the
layouts); templates are made here and in `gateway.stream_forms`. A body of many sessions has one in each form and keeps it, a spliced body's is made of the
session's own part and of segments that its shared parts keep:

    prefix with `s` │ opening: t, op, d's own pairs │ shared pairs │ shared pairs │ end

Uncompressed JSON goes out as text frames, everything else as binary ones.
"""

from typing import Final, Protocol

import core_ext
from gateway import compression
from gateway.compression import Compression, ZstdCompressor
from gateway.dispatch_body import DispatchBody, TemplateMaker, compute_template_index
from gateway.encodings import JSON_END, SEQ_HEADS, Encoding
from gateway.spliced_body import Body, SplicedBody, Splicer
from gateway.stream_forms import ZlibStreamForm, ZstdStreamForm

_TEXT = 1
_BINARY = 2

NO_TEMPLATES: Final = -1


class Form(Protocol):
    """One way to send. Every method gives a whole frame.

    `index` is `NO_TEMPLATES`, or it is a `TemplateForm`. In a stream (`is_stream`) an event may look back at the one before.
    """

    index: int
    is_stream: bool

    def open(self, payload: bytes) -> bytes:
        """The first payload of a connection, which begins its stream."""

    def encode(self, payload: bytes) -> bytes:
        """A payload of this connection alone."""

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """An event with its `s`."""


class TemplateForm(Form, TemplateMaker, Splicer, Protocol):
    """A form in which dispatches differ by their `s` alone."""


class PlainForm:
    """No compression."""

    __slots__ = ("_encoding", "_mode", "_opcode", "index", "is_stream")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        is_json = encoding is Encoding.JSON
        self._opcode = _TEXT if is_json else _BINARY
        self._mode = core_ext.TEMPLATE_JSON if is_json else core_ext.TEMPLATE_FIXED
        self.index = compute_template_index(encoding, Compression.NONE)
        self.is_stream = False

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
            rest += (JSON_END,)
        return core_ext.Template(self._opcode, self._mode, SEQ_HEADS[encoding], body.opening(encoding, 0), rest)

    def chain(self, body: DispatchBody, previous: DispatchBody) -> None:
        """See `TemplateForm`. Nothing looks back here."""


class ZlibPayloadForm:
    """Identify's `compress: true`: JSON, each payload a zlib document. Its checksum runs over `s` too: no templates."""

    __slots__ = ("_stream", "index", "is_stream")

    def __init__(self, stream: ZlibStreamForm) -> None:
        """`stream` is of the same encoding. Its segments serve here as well, so they are made once for both."""
        self._stream = stream
        self.index = NO_TEMPLATES
        self.is_stream = False

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
