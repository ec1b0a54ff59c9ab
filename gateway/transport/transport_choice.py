"""What a client asks for in the gateway's address: `/?v=10&encoding=json&compress=zlib-stream`.

Where a name is unknown the WebSocket is opened all the same and closed with a code, because a browser shows its page a
close code and nothing of a refused upgrade.
"""

from urllib.parse import parse_qs

import msgspec

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.payloads.compression import COMPRESSIONS, Compression
from gateway.payloads.encodings import ENCODINGS, Encoding

_VERSIONS = {"9", "10"}
_DEFAULT_VERSION = "10"
"""For an address without `v`: what the gateway speaks."""
_MAX_FIELDS = 16


class TransportChoice(msgspec.Struct, kw_only=True, frozen=True):
    """How to talk, or why not to."""

    encoding: Encoding = Encoding.JSON
    compression: Compression = Compression.NONE
    refusal: CloseCode | None = None


def parse_transport_choice(query: str) -> TransportChoice:
    """The choice in an address's query. Unknown fields are ignored; an empty `compress` is none."""
    try:
        fields = {name: values[-1] for name, values in parse_qs(query, max_num_fields=_MAX_FIELDS).items()}
    except ValueError:
        return TransportChoice(refusal=close_codes.UNKNOWN_TRANSPORT)
    encoding = ENCODINGS.get(fields.get("encoding", "json"))
    compression = COMPRESSIONS.get(fields["compress"]) if "compress" in fields else Compression.NONE
    if fields.get("v", _DEFAULT_VERSION) not in _VERSIONS:
        return TransportChoice(refusal=close_codes.INVALID_API_VERSION)
    if encoding is None or compression is None:
        return TransportChoice(refusal=close_codes.UNKNOWN_TRANSPORT)
    return TransportChoice(encoding=encoding, compression=compression)
