"""The formats of `zlib-stream` and `zstd-stream`: templates of stored prefixes and compressed segments.

`gateway.payloads.compression` has the layouts. A segment is valid anywhere, so one serves all connections. A segment
that refers to the event before it (`chain`) takes a third of the bytes, and is valid only for connections whose last
event was that one. The templates of `core_ext` count these. Their streams have in common the bytes of the earlier event
after its `s`. Then comes the prefix of the later event, which has the same width for all connections but differs in
`s`, so nothing may refer to it.
"""

from collections.abc import Callable
from typing import Final

from core_ext import payloads
from gateway.payloads import compression
from gateway.payloads.body import Body
from gateway.payloads.compression import Compression, ZstdCompressor
from gateway.payloads.dispatch_body import DispatchBody, compute_template_index
from gateway.payloads.encodings import JSON_END, SEQ_BYTES, SEQ_HEADS, Encoding
from gateway.payloads.splicing import Piece, Splicable

_BINARY = 2

_PADDED_SEQ_BYTES: Final = 10

_MAX_STORED_BYTES: Final = 512
"""Own parts up to this size are not compressed: it would cost 6 to 12 µs a session and save little of a
GUILD_CREATE."""

# In encodings without white space the zstd pad must be the value of one more key, "_", which clients ignore. Each
# shared part has a pad of its own, so the keys in `d` are "_", "__" and so on. No object of the API has such a key.
_PADDED_HEADS: Final = {
    Encoding.JSON: b"",
    Encoding.ETF: b"\x83t\x00\x00\x00\x05" + SEQ_HEADS[Encoding.ETF][6:],
    Encoding.MSGPACK: b"\x85" + SEQ_HEADS[Encoding.MSGPACK][1:],
}
"""The bytes before `s` when a pad follows it."""


class _Chain:
    """The prefix of chained events. Its fixed width puts the event before equally far back for all connections."""

    __slots__ = ("_after", "_head", "_mode", "gap_bytes")

    def __init__(self, encoding: Encoding, head: bytes, after: bytes, store: Callable[[bytes], bytes]) -> None:
        """`head` and `after` are the bytes around `s` in binary encodings. `store` puts the prefix into a block."""
        is_json = encoding is Encoding.JSON
        head, seq, after = (b'{"s":', b" " * _PADDED_SEQ_BYTES, b",") if is_json else (head, bytes(SEQ_BYTES), after)
        self._mode = payloads.TEMPLATE_PADDED if is_json else payloads.TEMPLATE_FIXED
        self._head = store(head + seq + after)[: -len(seq + after)]
        self._after = after
        self.gap_bytes = len(head + seq + after)

    def make(self, segment: bytes | None, standalone: payloads.Template) -> payloads.Template | None:
        """Return the template of a segment, if there is one and it is shorter than the standalone template."""
        if segment is None:
            return None
        tail = self._after + segment
        if len(self._head) + len(tail) >= len(standalone.shared):
            return None
        return payloads.Template(_BINARY, self._mode, self._head, tail)


class ZlibStreamFormat:
    """The format of `compress=zlib-stream`."""

    __slots__ = ("_chain", "_encoding", "_end", "_head", "_mode", "index", "is_stream")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        is_json = encoding is Encoding.JSON
        self._mode = payloads.TEMPLATE_JSON_DEFLATE if is_json else payloads.TEMPLATE_FIXED
        self._head = compression.store_deflate(SEQ_HEADS[encoding] + bytes(SEQ_BYTES))[:-SEQ_BYTES]
        self._end = compression.store_deflate(JSON_END if is_json else b"") + compression.ZLIB_SYNC
        self._chain = _Chain(encoding, SEQ_HEADS[encoding], b"", compression.store_deflate)
        self.index = compute_template_index(encoding, Compression.ZLIB_STREAM)
        self.is_stream = True

    def open(self, payload: bytes) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        stored = compression.store_deflate(payload)
        return payloads.frame(_BINARY, compression.ZLIB_HEADER + stored + compression.ZLIB_SYNC)

    def encode(self, payload: bytes) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        return payloads.frame(_BINARY, compression.store_deflate(payload) + compression.ZLIB_SYNC)

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> payloads.Template:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        segment = compression.compress_deflate(body.shared(self._encoding))
        return payloads.Template(_BINARY, self._mode, self._head, segment)

    def splice(self, body: Splicable) -> payloads.Template:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        encoding = self._encoding
        opening = body.opening(encoding, 0)
        is_small = len(opening) <= _MAX_STORED_BYTES
        tail = compression.store_deflate(opening) if is_small else compression.compress_deflate(opening)
        segments = [self._segment(part) for part in body.parts_for(encoding)]
        return payloads.Template(_BINARY, self._mode, self._head, tail, (*segments, self._end))

    def _segment(self, part: Piece) -> bytes:
        if isinstance(part, bytes):
            return compression.store_deflate(part)
        return part.segment(
            self._encoding, Compression.ZLIB_STREAM, 0, lambda text, _: compression.compress_deflate(text)
        )

    def chain(self, body: DispatchBody, previous: DispatchBody) -> payloads.Template | None:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        text, before = body.shared(self._encoding), previous.shared(self._encoding)
        segment = compression.chain_deflate(text, before=before, gap_bytes=self._chain.gap_bytes)
        return self._chain.make(segment, body.find_template(self))


class ZstdStreamFormat:
    """The format of `compress=zstd-stream`."""

    __slots__ = (
        "_chain",
        "_compressor",
        "_encoding",
        "_end",
        "_head",
        "_mode",
        "_pad_key",
        "_padded_head",
        "index",
        "is_stream",
    )

    def __init__(self, encoding: Encoding, compressor: ZstdCompressor) -> None:
        self._encoding = encoding
        self._compressor = compressor
        is_json = encoding is Encoding.JSON
        self._mode = payloads.TEMPLATE_JSON_ZSTD if is_json else payloads.TEMPLATE_FIXED
        self._head = compression.store_zstd(SEQ_HEADS[encoding] + bytes(SEQ_BYTES))[:-SEQ_BYTES]
        self._pad_key = _write_pad_key(encoding, 0)
        padded = compression.store_zstd(_PADDED_HEADS[encoding] + bytes(SEQ_BYTES) + self._pad_key)
        self._padded_head = padded[: -SEQ_BYTES - len(self._pad_key)]
        self._end = (compression.store_zstd(JSON_END),) if is_json else ()
        self._chain = _Chain(encoding, _PADDED_HEADS[encoding], self._pad_key, compression.store_zstd)
        self.index = compute_template_index(encoding, Compression.ZSTD_STREAM)
        self.is_stream = True

    def open(self, payload: bytes) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        return payloads.frame(_BINARY, compression.ZSTD_HEADER + compression.store_zstd(payload))

    def encode(self, payload: bytes) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        return payloads.frame(_BINARY, compression.store_zstd(payload))

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        """See `gateway.payloads.wire_formats.WireFormat`."""
        return body.find_template(self).encode(seq)

    def make_template(self, body: DispatchBody) -> payloads.Template:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        return self._make(body.shared(self._encoding), ())

    def splice(self, body: Splicable) -> payloads.Template:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        encoding = self._encoding
        parts = body.parts_for(encoding)
        opening = body.opening(encoding, 0 if encoding is Encoding.JSON else len(parts))
        segments = [self._segment(part, position) for position, part in enumerate(parts)]
        return self._make(opening, (*segments, *self._end), is_small=len(opening) <= _MAX_STORED_BYTES)

    def _segment(self, part: Piece, position: int) -> bytes:
        """Return the segment of a part. In JSON it is the same at every position, since the pads have no keys."""
        if isinstance(part, bytes):
            return compression.store_zstd(part)
        place = 0 if self._encoding is Encoding.JSON else position
        return part.segment(self._encoding, Compression.ZSTD_STREAM, place, self._compress)

    def chain(self, body: DispatchBody, previous: DispatchBody) -> payloads.Template | None:
        """See `gateway.payloads.wire_formats.TemplateFormat`."""
        text, before = body.shared(self._encoding), previous.shared(self._encoding)
        segment = self._compressor.chain(text, before=before, gap_bytes=self._chain.gap_bytes)
        return self._chain.make(segment, body.find_template(self))

    def _make(self, text: bytes, rest: tuple[bytes, ...], *, is_small: bool = False) -> payloads.Template:
        """Make a template of a text and of segments. The text is compressed only if that makes it smaller."""
        if not is_small:
            segment = self._pad_key + self._compressor.compress(text)
            if len(segment) < len(text):
                return payloads.Template(_BINARY, self._mode, self._padded_head, segment, rest)
        return payloads.Template(_BINARY, self._mode, self._head, compression.store_zstd(text), rest)

    def _compress(self, text: bytes, position: int) -> bytes:
        """Return the segment of shared pairs, with their pad."""
        pad_key = _write_pad_key(self._encoding, position)
        return compression.store_zstd(pad_key) + self._compressor.compress(text)


def _write_pad_key(encoding: Encoding, position: int) -> bytes:
    """Return a key and the header of a string of the pad's size. JSON needs none: its pad is white space."""
    if encoding is Encoding.JSON:
        return b""
    name, size = b"_" * (position + 1), len(compression.ZSTD_PAD)
    if encoding is Encoding.ETF:
        return b"m" + len(name).to_bytes(4, "big") + name + b"m" + size.to_bytes(4, "big")
    return bytes((0xA0 | len(name),)) + name + bytes((0xA0 | size,))
