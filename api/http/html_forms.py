"""Bodies that may be JSON, or an HTML form as browsers send it, with the JSON in its field `payload_json`.

Clients send HTML forms on routes that may take files. One without `payload_json` has plain fields instead (`content`,
`tts`, …). Files cannot be stored yet and are refused.
"""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from api.http.body import Body
from core.domain.errors import Invalid, unbuilt_field

_MAX_FIELDS: Final = 32
_PAYLOAD: Final = "payload_json"
_AS_THEY_ARE: Final = frozenset({"binary", "8bit", "7bit"})
_encode: Final = msgspec.json.Encoder().encode


async def read_json(body: Body, content_type: str) -> bytes:
    """Return the JSON of a body. Raises NotBuilt for files, Invalid for a malformed HTML form, and as `Body`."""
    if content_type == "application/json":
        return await body.read()
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        fields = await _read_multipart(body.chunks(), options.get("boundary", ""))
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


async def _read_multipart(chunks: AsyncIterator[bytes], boundary: str) -> dict[str, str]:
    fields: dict[str, bytearray] = {}
    value = bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=_MAX_FIELDS) as parser:
            async for chunk in chunks:
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        _check_segment(event)
                        value = fields[event.name] = bytearray()
                    elif event is not None:
                        value += event
        return {name: value.decode() for name, value in fields.items()}
    except ValueError:  # the parser's own errors, and text that is no UTF-8
        raise Invalid(message="Malformed form") from None


def _check_segment(segment: MultipartSegment) -> None:
    if segment.filename is not None:
        raise unbuilt_field((segment.name,), "files in forms")
    if segment.header("content-transfer-encoding", "binary").lower() not in _AS_THEY_ARE:
        raise Invalid(message="Fields of a form are sent as they are (RFC 7578 section 4.7)")
