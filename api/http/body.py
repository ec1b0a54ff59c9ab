"""How bodies are read here: whole, bounded, and one that is not there counts as `{}`.

The request class is the framework's hook for it, by subclassing, since it offers no other way.
"""

import re
from typing import Any, Final

from litestar import Request
from typing_extensions import override

from api.http.errors import UnsupportedMedia
from api.http.scope import Receive, Scope
from core.domain.errors import InvalidJson, TooLarge

_EMPTY_OBJECT: Final = b"{}"
_MAX_DIGITS: Final = 19
"""A content length of more digits is no number that anybody could send; what arrives is counted anyway."""


_PLAIN: Final = frozenset({b"", b"identity"})
_CHARSET: Final = re.compile(rb";\s*charset\s*=\s*[\"']?([^;\"'\s]*)", re.IGNORECASE)
_CHARSETS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
"""JSON is UTF-8 (RFC 8259 section 8.1)."""


class BodyRequest(Request[Any, Any, Any]):
    """A request whose missing body is an empty object: PUTs and POSTs of Discord's clients often have none."""

    __slots__ = ("_whole",)

    @override
    async def body(self) -> bytes:
        """The body, read once. Raises as `read_body`."""
        try:
            return self._whole
        except AttributeError:
            limit_bytes = self.route_handler.resolve_request_max_body_size() or 0
            scope: Any = self.scope
            receive: Any = self.receive
            self._whole: bytes = await read_body(scope, receive, limit_bytes)
            return self._whole


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: when it is announced as, or turns out, larger than `limit_bytes`.
        UnsupportedMedia: when it is compressed, or text of another encoding than UTF-8.
        InvalidJson: when the client goes away in the middle of it.
    """
    _check_headers(scope, limit_bytes)
    chunks: list[bytes] = []
    size_bytes = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidJson
        chunk: bytes = message.get("body", b"")
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise TooLarge
        is_last = not message.get("more_body", False)
        if is_last and not chunks:
            return chunk or _EMPTY_OBJECT
        chunks.append(chunk)
        if is_last:
            return b"".join(chunks) or _EMPTY_OBJECT


def _check_headers(scope: Scope, limit_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if len(value) < _MAX_DIGITS and value.isdigit() and int(value) > limit_bytes:
                raise TooLarge
        elif name == b"content-encoding":
            if value.strip().lower() not in _PLAIN:
                raise UnsupportedMedia
        elif name == b"content-type" and (charset := _CHARSET.search(value)) and charset[1].lower() not in _CHARSETS:
            raise UnsupportedMedia
