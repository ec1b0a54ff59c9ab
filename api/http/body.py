"""Bodies of requests: they are bounded, and read whole or chunk by chunk.

A missing body counts as `{}` when it is read whole, since PUTs and POSTs of Discord's clients often have none.
"""

import re
from collections.abc import AsyncIterator
from typing import Final

from api.http.errors import UnsupportedMedia
from api.http.scope import Receive, Scope
from core.domain.errors import InvalidJson, TooLarge

_EMPTY_OBJECT: Final = b"{}"
_MAX_DIGITS: Final = 18
"""No limit has as many digits, so a longer content length is over it."""

_PLAIN: Final = frozenset({b"", b"identity"})
_CHARSET: Final = re.compile(rb";\s*charset\s*=\s*[\"']?([^;\"'\s]*)", re.IGNORECASE)
_CHARSETS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
"""JSON is UTF-8 (RFC 8259 section 8.1)."""


class Body:
    """One request's body, to be read once: by `read` or by `chunks`.

    Raises:
        TooLarge: when its announced or its real size exceeds `limit_bytes`.
        UnsupportedMedia: when it is compressed, or text of another encoding than UTF-8.
        InvalidJson: when the client goes away in the middle of it.
    """

    __slots__ = ("_is_text", "_is_whole", "_limit_bytes", "_receive", "_scope", "_size_bytes")

    def __init__(self, scope: Scope, receive: Receive, limit_bytes: int, *, is_text: bool = True) -> None:
        """`is_text` tells whether a charset that the client names must be UTF-8's."""
        self._is_text = is_text
        self._scope = scope
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._is_whole = False

    async def read(self) -> bytes:
        """Read the whole body; an empty one counts as `{}`."""
        _check_headers(self._scope, self._limit_bytes, is_text=self._is_text)
        body = await self._take()
        if not self._is_whole:
            chunks = [body]
            while not self._is_whole:
                chunks.append(await self._take())
            body = b"".join(chunks)
        return body or _EMPTY_OBJECT

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body's chunks. The client sends the next one when this one was taken (back-pressure)."""
        _check_headers(self._scope, self._limit_bytes, is_text=self._is_text)
        while not self._is_whole:
            yield await self._take()

    async def _take(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise InvalidJson
        chunk: bytes = message.get("body", b"")
        self._size_bytes += len(chunk)
        if self._size_bytes > self._limit_bytes:
            raise TooLarge
        self._is_whole = not message.get("more_body", False)
        return chunk


def _check_headers(scope: Scope, limit_bytes: int, *, is_text: bool) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            digits = value.lstrip(b"0")
            if digits.isdigit() and (len(digits) > _MAX_DIGITS or int(digits) > limit_bytes):
                raise TooLarge
        elif name == b"content-encoding":
            if value.strip().lower() not in _PLAIN:
                raise UnsupportedMedia
        elif is_text and name == b"content-type":
            charset = _CHARSET.search(value)
            if charset is not None and charset[1].lower() not in _CHARSETS:
                raise UnsupportedMedia
