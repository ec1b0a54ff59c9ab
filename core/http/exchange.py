"""One HTTP request and its answer, as ASGI sees them.

    connection ── scope, body ──→ Exchange ── receive ──→ application
    connection ←── writes ─────── Exchange ←─── send ──── application

An answer of one piece leaves in one write: a head and a body that are written apart are two system calls and often two
packets. An answer in parts, or out of files, leaves part by part, and `send` waits while the client does not take it.

`ClientGoneError`, an OSError, tells an application that streams that its client has gone. An application that answers
in one piece does not get it: it could save nothing, and its work after the answer (counting, say) is still to be done.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from core.http.answers import LENGTH, Asked, BrokenAnswerError, Framing, Headers, encode_head, encode_part
from core.http.head import encode_error
from core.http.writer import ClientGoneError, Writer

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

EXTENSIONS: Final[dict[str, dict[str, object]]] = {"http.response.zerocopysend": {}}
"""The extension of ASGI that an application may use: a part of an open file as a part of the body."""

_USUAL: Final = Asked(is_head=False, is_old=False)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_JSON_AT_LAST: Final = ((b"content-type", b"application/json"), (b"connection", b"close"))
_FAILED: Final[tuple[HTTPStatus, Headers]] = (HTTPStatus.INTERNAL_SERVER_ERROR, _JSON_AT_LAST)
_STOPPED: Final[tuple[HTTPStatus, Headers]] = (
    HTTPStatus.SERVICE_UNAVAILABLE,
    (*_JSON_AT_LAST, (b"retry-after", b"1")),
)


class Line(Protocol):
    """The connection, as its exchanges use it."""

    def resume_reading(self) -> None:
        """Read on: the body's bytes were taken."""

    def end_exchange(self, exchange: "Exchange") -> None:
        """Go on with the next request: the answer is written."""

    def abort_exchange(self, exchange: "Exchange") -> None:
        """End the connection: the answer has begun and cannot be finished."""


class Exchange:
    """One request and its answer. The connection owns it and puts the body in; the application takes it and answers."""

    __slots__ = (
        "_arrived",
        "_asked",
        "_chunks",
        "_framing",
        "_has_news",
        "_headers",
        "_is_gone",
        "_left_bytes",
        "_line",
        "_scope",
        "_status",
        "_wants_continue",
        "_writer",
        "is_answered",
        "is_whole",
        "keeps_alive",
        "size_bytes",
    )

    def __init__(
        self, *, line: Line, writer: Writer, scope: dict[str, Any], keeps_alive: bool, wants_continue: bool
    ) -> None:
        self._line = line
        self._writer = writer
        self._scope = scope
        self.keeps_alive = keeps_alive
        is_head, is_old = scope["method"] == "HEAD", scope["http_version"] == "1.0"
        self._asked = Asked(is_head, is_old) if is_head or is_old else _USUAL
        self._wants_continue = wants_continue
        self._chunks: list[bytes] = []
        self.size_bytes = 0
        """The size of the body's part that waits to be taken."""
        self.is_whole = False
        """Whether the body has arrived to its end."""
        self._has_news = False
        """Whether `receive` has something to say."""
        self._is_gone = False
        self._arrived: asyncio.Future[None] | None = None
        self._status = 0
        self._headers: Headers = ()
        self._framing: Framing | None = None
        """None until the head has left."""
        self._left_bytes = 0
        """The part of the announced length that is still to be sent."""
        self.is_answered = False

    @property
    def has_begun(self) -> bool:
        """Whether a part of the answer may have left."""
        return self.is_answered or self._framing is not None

    async def run(self, application: Application) -> None:
        """Have the request answered."""
        failure = _FAILED
        try:
            await application(self._scope, self.receive, self.send)
        except ClientGoneError:
            pass
        except Exception:
            logger.exception("the application failed")
        except asyncio.CancelledError:  # by the server, whose patience at the end is limited
            logger.warning("a request was given up")
            failure = _STOPPED
        if self.is_answered:
            return
        if self._framing is None:
            status, self._headers = failure
            self._status = status
            self._send_whole(encode_error(status, status.phrase))
        else:
            # A plain close would look like the answer's end to a client that reads until then.
            self._line.abort_exchange(self)

    def add_body(self, chunk: bytes) -> None:
        """Add a part of the body, unless the request is answered already."""
        if not self.is_answered:
            self._chunks.append(chunk)
            self.size_bytes += len(chunk)
            self._has_news = True
            if self._arrived is not None:
                self._wake()

    def end_body(self) -> None:
        """Note that the body is whole."""
        self.is_whole = True
        self._has_news = True
        if self._arrived is not None:
            self._wake()

    def disconnect(self) -> None:
        """Note that the client has gone, or gets no answer."""
        self._is_gone = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI: return the body's bytes since the last call, or that the client has gone or was answered."""
        if self._wants_continue and not self.is_whole and not self.has_begun and not self._is_gone:
            self._wants_continue = False
            await self._writer.write(_CONTINUE)
        while not self._has_news:
            self._line.resume_reading()
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        if self._is_gone or self.is_answered:
            return {"type": "http.disconnect"}
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self.size_bytes = 0
        self._has_news = False
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    async def send(self, message: Message) -> None:
        """ASGI: send the answer's start, then its body, which may come in parts.

        Raises:
            RuntimeError: when the answer differs from its announcement, or is sent twice.
            ClientGoneError: when a part was to be sent and the client has gone.
        """
        if self.is_answered:
            raise RuntimeError("the request is answered already")
        kind = message["type"]
        if kind == "http.response.start":
            if self._framing is not None:
                raise RuntimeError("the answer has begun already")
            self._status, self._headers = message["status"], message.get("headers", ())
            return
        if not self._status:
            raise RuntimeError("an answer begins with its status")
        if kind == "http.response.zerocopysend":
            await self._send_file(message)
        elif self._framing is None and not message.get("more_body", False):
            if self._writer.room is not None:
                await self._writer.wait_for_room()
            self._send_whole(message.get("body", b""))
        else:
            await self._send_part(message.get("body", b""), is_last=not message.get("more_body", False))

    def _send_whole(self, body: bytes) -> None:
        head = self._encode_head(len(body))
        self.is_answered = True
        self._chunks.clear()
        if not self._is_gone:
            self._writer.write_now(head + body if self._framing is LENGTH else head)
        self._line.end_exchange(self)
        self._has_news = True
        if self._arrived is not None:
            self._wake()

    async def _send_part(self, body: bytes, *, is_last: bool) -> None:
        head = self._encode_head(None) if self._framing is None else b""
        self._count(len(body), is_last=is_last)
        await self._write(head + encode_part(self._framing_now(), body, is_last=is_last))
        if is_last:
            self._finish()

    async def _send_file(self, message: Message) -> None:
        """ASGI's extension `http.response.zerocopysend`. A file without `offset` is read on from its place."""
        file, offset, size_bytes = message["file"], message.get("offset"), message.get("count")
        place = file.tell() if offset is None else offset
        if size_bytes is None:
            size_bytes = max(os.fstat(file.fileno()).st_size - place, 0)
        is_last = not message.get("more_body", False)
        head = self._encode_head(None) if self._framing is None else b""
        self._count(size_bytes, is_last=is_last)
        framing = self._framing_now()
        if framing is Framing.CHUNKS and size_bytes:
            head += b"%x\r\n" % size_bytes
        await self._write(head)
        if framing is not Framing.NO_BODY and size_bytes:
            await self._writer.send_file(file.fileno(), place, size_bytes)
        if offset is None:
            file.seek(place + size_bytes)
        if framing is Framing.CHUNKS:
            tail = b"\r\n" if size_bytes else b""
            await self._write(tail + encode_part(framing, b"", is_last=is_last))
        if is_last:
            self._finish()

    async def _write(self, data: bytes) -> None:
        if not self._is_gone and data:
            await self._writer.write(data)
        if self._is_gone:
            raise ClientGoneError

    def _encode_head(self, size_bytes: int | None) -> bytes:
        # A client that waits to be asked may send its body now or not (RFC 9110 section 10.1.1), so nothing may follow.
        keeps_alive = self.keeps_alive and (self.is_whole or not self._wants_continue)
        head = encode_head(self._asked, self._status, self._headers, size_bytes=size_bytes, keeps_alive=keeps_alive)
        self._framing, self._left_bytes, self.keeps_alive = head.framing, head.length, head.keeps_alive
        return head.data

    def _framing_now(self) -> Framing:
        assert self._framing is not None  # noqa: S101 - set with the head
        return self._framing

    def _count(self, size_bytes: int, *, is_last: bool) -> None:
        """Check that the body has the announced length."""
        if self._framing is Framing.LENGTH:
            self._left_bytes -= size_bytes
            if self._left_bytes < 0 or (is_last and self._left_bytes):
                raise BrokenAnswerError("the body is not as long as it was announced")

    def _finish(self) -> None:
        self.is_answered = True
        self._chunks.clear()
        self._line.end_exchange(self)
        self._wake()

    def _wake(self) -> None:
        self._has_news = True
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)
