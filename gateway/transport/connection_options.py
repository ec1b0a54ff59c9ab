"""The options in a client's address of the gateway: `/?v=10&encoding=json&compress=zlib-stream`.

An unknown name does not stop the upgrade: the WebSocket is opened and closed with a code, because a browser shows its
page a close code and nothing of a refused upgrade.
"""

from urllib.parse import parse_qs

import msgspec

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.payloads.compression import COMPRESSIONS, Compression
from gateway.payloads.encodings import ENCODINGS, Encoding

_VERSIONS = {"9", "10"}
_DEFAULT_VERSION = "10"
"""The version of an address without `v`: the one that the gateway speaks."""
_MAX_FIELDS = 16


class ConnectionOptions(msgspec.Struct, kw_only=True, frozen=True):
    """The encoding and the compression of a connection, or the reason why it is refused."""

    encoding: Encoding = Encoding.JSON
    compression: Compression = Compression.NONE
    refusal: CloseCode | None = None


def parse_connection_options(query: str) -> ConnectionOptions:
    """Return the options in an address's query. Unknown fields are ignored, and an empty `compress` is none."""
    try:
        fields = {name: values[-1] for name, values in parse_qs(query, max_num_fields=_MAX_FIELDS).items()}
    except ValueError:
        return ConnectionOptions(refusal=close_codes.UNKNOWN_TRANSPORT)
    encoding = ENCODINGS.get(fields.get("encoding", "json"))
    compression = COMPRESSIONS.get(fields["compress"]) if "compress" in fields else Compression.NONE
    if fields.get("v", _DEFAULT_VERSION) not in _VERSIONS:
        return ConnectionOptions(refusal=close_codes.INVALID_API_VERSION)
    if encoding is None or compression is None:
        return ConnectionOptions(refusal=close_codes.UNKNOWN_TRANSPORT)
    return ConnectionOptions(encoding=encoding, compression=compression)
