"""One HTTP request and its answer, as ASGI sees them.

    connection ── scope, body ──→ Exchange ── receive ──→ application
    connection ←── one write ──── Exchange ←─── send ──── application

The answer leaves in one write: a head and a body that are written apart are two system calls and often two packets. So the
parts of a body are gathered; nothing here answers with more than fits into memory anyway. What the application announces is
checked where a mistake would harm the next request on the connection: lengths, and line breaks in headers.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, Protocol

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES: Final = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
_WITHOUT_BODY: Final = frozenset({204, 304})
_FAILED: Final = b"Internal Server Error"
_FAILED_HEADERS: Final = ((b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"))


class Line(Protocol):
    """The connection, as its exchanges use it."""

    async def write(self, data: bytes) -> None:
        """Send, when the client takes it; nothing when it has gone."""

    def resume_reading(self) -> None:
        """The body's bytes were taken: there is room for more."""

    def end_exchange(self, exchange: "Exchange") -> None:
        """The answer is written."""


class Exchange:
    """Owned by its connection, which puts the body in; the application's task takes it out and answers."""

    __slots__ = (
        "_arrived",
        "_chunks",
        "_headers",
        "_is_gone",
        "_is_taken",
        "_line",
        "_parts",
        "_scope",
        "_status",
        "_wants_continue",
        "is_answered",
        "is_whole",
        "keeps_alive",
        "size_bytes",
    )

    def __init__(self, *, line: Line, scope: dict[str, Any], keeps_alive: bool, wants_continue: bool) -> None:
        self._line = line
        self._scope = scope
        self.keeps_alive = keeps_alive
        self._wants_continue = wants_continue
        self._chunks: list[bytes] = []
        self.size_bytes = 0
        """Of the body's bytes that wait to be taken."""
        self.is_whole = False
        """Whether the body has arrived to its end."""
        self._is_taken = False
        self._is_gone = False
        self._arrived: asyncio.Future[None] | None = None
        self._status = 0
        self._headers: Iterable[tuple[bytes, bytes]] = ()
        self._parts: list[bytes] = []
        self.is_answered = False

    async def run(self, application: Application) -> None:
        """Have the request answered."""
        try:
            await application(self._scope, self.receive, self.send)
        except Exception:
            logger.exception("the application failed")
        except asyncio.CancelledError:  # by the server, whose patience at the end is limited
            logger.warning("a request was given up")
        if not self.is_answered:
            self._status, self._headers, self._parts = 500, _FAILED_HEADERS, []
            await self.send({"type": "http.response.body", "body": _FAILED})

    def add_body(self, chunk: bytes) -> None:
        """Bytes of the body have come. Of an answered request nobody wants them."""
        if not self.is_answered:
            self._chunks.append(chunk)
            self.size_bytes += len(chunk)
            self._wake()

    def end_body(self) -> None:
        """The body is whole."""
        self.is_whole = True
        self._wake()

    def disconnect(self) -> None:
        """The client has gone."""
        self._is_gone = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI: what has come of the body since the last call, or that the client has gone or was answered."""
        if self._wants_continue and not self.is_whole and not self.is_answered:
            self._wants_continue = False
            await self._line.write(_CONTINUE)
        while not self._has_news():
            self._line.resume_reading()
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        if self._is_gone or self.is_answered:
            return {"type": "http.disconnect"}
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self.size_bytes = 0
        self._is_taken = self.is_whole
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    async def send(self, message: Message) -> None:
        """ASGI: the answer's start, then its body.

        Raises:
            RuntimeError: when the answer is not what was announced, or is sent twice.
        """
        if self.is_answered:
            raise RuntimeError("the request is answered already")
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], message.get("headers", ())
            return
        if not self._status:
            raise RuntimeError("an answer begins with its status")
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            answer = self._encode_answer(b"".join(self._parts) if len(self._parts) > 1 else self._parts[0])
            self.is_answered = True
            self._chunks.clear()
            await self._line.write(answer)
            self._line.end_exchange(self)
            self._wake()

    def _encode_answer(self, body: bytes) -> bytes:
        pieces = [_STATUS_LINES.get(self._status) or b"HTTP/1.1 %d \r\n" % self._status]
        length: bytes | None = None
        lines = 2
        for name, value in self._headers:
            if name == b"content-length":
                length = value
            elif name == b"connection" and value == b"close":
                self.keeps_alive = False
                continue
            pieces += (name, b": ", value, b"\r\n")
            lines += 1
        if self._wants_continue and not self.is_whole:
            self.keeps_alive = False  # whether the client sends its body now, nobody knows (RFC 9110 section 10.1.1)
        if not self.keeps_alive:
            pieces.append(b"connection: close\r\n")
            lines += 1
        if self._scope["method"] == "HEAD" or self._status in _WITHOUT_BODY:
            body = b""
        elif length is None:
            pieces.append(b"content-length: %d\r\n" % len(body))
            lines += 1
        elif int(length) != len(body):
            raise RuntimeError("the body is not as long as it was announced")
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
            raise RuntimeError("a header holds a line break")
        return head + body

    def _has_news(self) -> bool:
        return bool(self._chunks) or (self.is_whole and not self._is_taken) or self._is_gone or self.is_answered

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)
