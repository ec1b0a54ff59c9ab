"""Bodies that may be JSON, or an HTML form as browsers send it, with the JSON in its field `payload_json`.

Clients send HTML forms on routes that may take files. One without `payload_json` has plain fields instead (`content`,
`tts`, …). The files go on to a sink while they come, in pieces, so none is ever in memory; the sink decides when the
next piece is read. On a route without a sink, files are refused.
"""

from collections.abc import AsyncIterator
from typing import Final, Protocol
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from api.http.body import Body
from core.domain.errors import Invalid, TooLarge, unbuilt_field

_MAX_FIELDS: Final = 32
_PAYLOAD: Final = "payload_json"
_AS_THEY_ARE: Final = frozenset({"binary", "8bit", "7bit"})
_MULTIPART: Final = "multipart/form-data"
_encode: Final = msgspec.json.Encoder().encode


class FileSink(Protocol):
    """What takes the files of a form. Every method may raise DomainError, which refuses the request."""

    async def begin(self, field: str, filename: str) -> None:
        """Begin a file."""

    async def write(self, data: bytes | bytearray) -> None:
        """Take a piece of the file that was begun last."""

    async def end(self) -> None:
        """End the file that was begun last."""


def is_multipart(content_type: str) -> bool:
    """Tell whether the body is a form that may have files."""
    return content_type.lstrip().lower().startswith(_MULTIPART)


async def read_json(body: Body, content_type: str, *, max_bytes: int, sink: FileSink | None = None) -> bytes:
    """Return the JSON of a body. `max_bytes` bounds the fields of a form together.

    Raises:
        NotBuilt: for files without a sink. Invalid: for a malformed HTML form. And as `Body` and the sink.
    """
    if content_type == "application/json":
        return await body.read()
    kind, options = parse_options_header(content_type)
    if kind == _MULTIPART:
        fields = await _Multipart(max_bytes, sink).read(body.chunks(), options.get("boundary", ""))
    elif kind == "application/x-www-form-urlencoded":
        fields = _parse_urlencoded(await body.read())
    else:
        return await body.read()
    payload = fields.get(_PAYLOAD)
    return _encode(fields) if payload is None else payload.encode()


def _parse_urlencoded(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"))
    except ValueError:
        raise Invalid(message="Malformed form") from None


class _Multipart:
    """The reading of one form."""

    __slots__ = ("_fields", "_is_file", "_left_bytes", "_sink", "_value")

    def __init__(self, max_bytes: int, sink: FileSink | None) -> None:
        self._sink = sink
        self._fields: dict[str, bytearray] = {}
        self._value = bytearray()
        self._left_bytes = max_bytes
        self._is_file = False

    async def read(self, chunks: AsyncIterator[bytes], boundary: str) -> dict[str, str]:
        """Return the plain fields, and hand the files on."""
        try:
            with PushMultipartParser(boundary, max_segment_count=_MAX_FIELDS) as parser:
                async for chunk in chunks:
                    for event in parser.parse(chunk):
                        await self._take(event)
            return {name: value.decode() for name, value in self._fields.items()}
        except ValueError:  # the parser's own errors, and text that is no UTF-8
            raise Invalid(message="Malformed form") from None

    async def _take(self, event: MultipartSegment | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            await self._begin(event)
        elif self._is_file and self._sink is not None:
            await (self._sink.end() if event is None else self._sink.write(event))
        elif event is not None:
            self._left_bytes -= len(event)
            if self._left_bytes < 0:
                raise TooLarge
            self._value += event

    async def _begin(self, segment: MultipartSegment) -> None:
        if segment.header("content-transfer-encoding", "binary").lower() not in _AS_THEY_ARE:
            raise Invalid(message="Fields of a form are sent as they are (RFC 7578 section 4.7)")
        if segment.filename is None and "filename*" in segment.header("content-disposition", ""):
            raise Invalid(message="A file's name is sent as filename= in UTF-8 (RFC 7578 section 4.2)")
        self._is_file = segment.filename is not None
        if segment.filename is None:
            self._value = self._fields[segment.name] = bytearray()
        elif self._sink is None:
            raise unbuilt_field((segment.name,), "files in forms")
        else:
            await self._sink.begin(segment.name, segment.filename)
