"""The wire formats of payloads: an encoding and a compression, as whole WebSocket frames.

A format holds no state of any connection, so all connections of a format share one object. `core_ext` puts the bytes of
each recipient into a template (see its framing and `gateway.payloads.compression` for the layouts). Templates are made
here and in `gateway.payloads.stream_formats`. A body of many sessions has one template for each format and keeps it. A
spliced body's template is made of the session's own part and of segments that its shared parts keep:

    prefix with `s` │ opening: t, op, d's own pairs │ shared pairs │ shared pairs │ end

Uncompressed JSON goes out as text frames, everything else as binary ones.
"""

from typing import Final, Protocol

from core.wire.opcodes import Opcode
from core_ext import payloads
from gateway.payloads import compression
from gateway.payloads.body import Body
from gateway.payloads.compression import Compression, ZstdCompressor
from gateway.payloads.dispatch_body import DispatchBody, TemplateMaker, compute_template_index
from gateway.payloads.encodings import JSON_END, SEQ_HEADS, Encoding, encode_payload
from gateway.payloads.splicing import Splicable, Splicer
from gateway.payloads.stream_formats import ZlibStreamFormat, ZstdStreamFormat

_TEXT = 1
_BINARY = 2

NO_TEMPLATES: Final = -1


class WireFormat(Protocol):
    """One wire format. Every method returns a whole frame.

    An `index` other than `NO_TEMPLATES` belongs to a `TemplateFormat`. In a stream (`is_stream`) an event may refer to
    the one before it.
    """

    index: int
    is_stream: bool

    def open(self, payload: bytes) -> bytes:
        """Encode the first payload of a connection, which begins its stream."""

    def encode(self, payload: bytes) -> bytes:
        """Encode a payload of one connection alone."""

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """Encode an event with its `s`."""


class TemplateFormat(WireFormat, TemplateMaker, Splicer, Protocol):
    """A format in which the dispatches of an event differ by their `s` alone."""


class PlainFormat:
    """The format of an encoding without compression."""

    __slots__ = ("_encoding", "_mode", "_opcode", "index", "is_stream")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        is_json = encoding is Encoding.JSON
        self._opcode = _TEXT if is_json else _BINARY
        self._mode = payloads.TEMPLATE_JSON if is_json else payloads.TEMPLATE_FIXED
        self.index = compute_template_index(encoding, Compression.NONE)
        self.is_stream = False

    def open(self, payload: bytes) -> bytes:
        """See `WireFormat`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `WireFormat`."""
        return payloads.frame(self._opcode, payload)

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `WireFormat`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> payloads.Template:
        """See `TemplateFormat`."""
        encoding = self._encoding
        return payloads.Template(self._opcode, self._mode, SEQ_HEADS[encoding], body.shared(encoding))

    def splice(self, body: Splicable) -> payloads.Template:
        """See `TemplateFormat`."""
        encoding = self._encoding
        rest = tuple(part if isinstance(part, bytes) else part.text(encoding) for part in body.parts_for(encoding))
        if encoding is Encoding.JSON:
            rest += (JSON_END,)
        return payloads.Template(self._opcode, self._mode, SEQ_HEADS[encoding], body.opening(encoding, 0), rest)

    def chain(self, body: DispatchBody, previous: DispatchBody) -> None:
        """See `TemplateFormat`. Nothing refers to the event before."""


class ZlibPayloadFormat:
    """Payload compression for JSON. The checksum of a zlib document covers `s`, so there are no templates."""

    __slots__ = ("_stream", "index", "is_stream")

    def __init__(self, stream: ZlibStreamFormat) -> None:
        """`stream` has the same encoding. Its segments serve here as well, so they are made once for both."""
        self._stream = stream
        self.index = NO_TEMPLATES
        self.is_stream = False

    def open(self, payload: bytes) -> bytes:
        """See `WireFormat`."""
        return self.encode(payload)

    def encode(self, payload: bytes) -> bytes:
        """See `WireFormat`."""
        segment = compression.compress_deflate(payload)
        return payloads.frame(_BINARY, compression.finish_zlib(b"", payload, segment))

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `WireFormat`."""
        segments = body.find_template(self._stream).shared
        text = payloads.share_json(body.event, body.payload)
        return payloads.frame(_BINARY, compression.finish_zlib(payloads.splice_json(seq, b""), text, segments))


class WireFormats:
    """All formats, made once."""

    __slots__ = ("_acks", "_formats")

    def __init__(self) -> None:
        self._acks: dict[tuple[Encoding, Compression, bool], bytes] = {}
        self._formats: dict[tuple[Encoding, Compression], WireFormat] = {}
        zstd = ZstdCompressor()
        for encoding in Encoding:
            self._formats[encoding, Compression.NONE] = PlainFormat(encoding)
            self._formats[encoding, Compression.ZSTD_STREAM] = ZstdStreamFormat(encoding, zstd)
            zlib_stream = self._formats[encoding, Compression.ZLIB_STREAM] = ZlibStreamFormat(encoding)
            if encoding is Encoding.JSON:
                self._formats[encoding, Compression.ZLIB_PAYLOAD] = ZlibPayloadFormat(zlib_stream)

    def find(self, encoding: Encoding, compression: Compression) -> WireFormat:
        """Return the format of a pair. Payload compression exists for JSON only."""
        return self._formats[encoding, compression]

    def find_ack(self, encoding: Encoding, compression: Compression, *, for_person: bool = False) -> bytes:
        """Return the frame that answers a heartbeat, which is the same for all connections of a format.

        Its `d` is null. Some clients of people read fields of it, so theirs is an empty object.
        """
        key = (encoding, compression, for_person)
        ack = self._acks.get(key)
        if ack is None:
            payload = encode_payload(encoding, Opcode.HEARTBEAT_ACK, {} if for_person else None)
            ack = self._acks[key] = self.find(encoding, compression).encode(payload)
        return ack
