"""Bodies of messages: JSON, or a form with the JSON in its field `payload_json`, as clients send it beside files.

A form without `payload_json` has the message's plain fields (`content`, `tts`, …) as fields of its own. Files have no place
to go yet and are refused.
"""

from typing import Final
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from core.domain.errors import Invalid, unbuilt_field

_MAX_FIELDS: Final = 32
_PAYLOAD: Final = "payload_json"
_AS_THEY_ARE: Final = frozenset({"binary", "8bit", "7bit"})
_encode: Final = msgspec.json.Encoder().encode


def find_json(body: bytes, content_type: str) -> bytes:
    """The JSON of a message's body.

    Raises:
        NotBuilt: when there are files. Invalid: when the body is not of its type, or has too many fields.
    """
    if content_type == "application/json":
        return body
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        fields = _read_multipart(body, options.get("boundary", ""))
    elif kind == "application/x-www-form-urlencoded":
        fields = _read_urlencoded(body)
    else:
        return body
    payload = fields.get(_PAYLOAD)
    return _encode(fields) if payload is None else payload.encode()


def _read_urlencoded(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"))
    except ValueError:
        raise Invalid(message="Malformed form") from None


def _read_multipart(body: bytes, boundary: str) -> dict[str, str]:
    fields: dict[str, bytearray] = {}
    value = bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=_MAX_FIELDS) as parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    if event.filename is not None:
                        raise unbuilt_field((event.name,), "files in forms")
                    if event.header("content-transfer-encoding", "binary").lower() not in _AS_THEY_ARE:
                        raise Invalid(message="Fields of a form are sent as they are (RFC 7578 section 4.7)")
                    value = fields[event.name] = bytearray()
                elif event is not None:
                    value += event
        return {name: value.decode() for name, value in fields.items()}
    except ValueError:  # the parser's own errors, and text that is no UTF-8
        raise Invalid(message="Malformed form") from None
