"""Answers as they leave a handler: finished bytes, or a stream of a file's.

A handler returns what is to be encoded, and `api.http.binding` makes the `Answer`; one that has bytes already returns
an `Answer`, and one that has a file returns `Answer.streamed`.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from api.http.scope import Scope, Send

encode_json: Final = msgspec.json.Encoder().encode

JSON: Final = "application/json"
"""The content type has no charset, because two client libraries compare the whole string."""


Stream = Callable[[Scope, Send], Awaitable[None]]
"""A function that sends a whole answer, its status and headers too."""


class Answer:
    """A status, headers and a body. An answer without a status gets the one that its route declares."""

    __slots__ = ("body", "headers", "status", "stream")

    def __init__(
        self, body: bytes, *, status: int = 0, content_type: str = JSON, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.status = status
        self.body = body
        self.stream: Stream | None = None
        self.headers: list[tuple[bytes, bytes]] = [
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
            *((name.lower().encode(), value.encode()) for name, value in headers),
        ]

    @classmethod
    def empty(cls, *headers: tuple[bytes, bytes]) -> "Answer":
        """Make an answer of status 204, without a body and a content type."""
        made = cls(b"", status=204)
        made.headers[:] = headers
        return made

    @classmethod
    def streamed(cls, stream: Stream) -> "Answer":
        """Make an answer that sends itself."""
        made = cls(b"", status=200)
        made.headers.clear()
        made.stream = stream
        return made
