"""HTTP/1.1 connections: from a client's bytes to requests, answered one after the other.

uvicorn listens, counts and stops; this is the protocol class that it makes for each connection, in place of its own, which
spends more on a request than most handlers do, and sets no bounds to heads. httptools (Node's parser) decides what is HTTP.

    bytes → httptools → Exchange (a task of its own) → application
                        a pipelined one waits until those before it are answered; meanwhile nothing is read

Bounds: a head has 64 KiB and 30 s; a connection between requests 5 s. One timer a connection looks after both times, so
requests start and cancel none. Bodies are bounded by the application; those that it does not take fill 64 KiB here.
"""

import asyncio
from collections import deque
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from core.runtime.http_exchange import Exchange

MAX_HEAD_BYTES: Final = 65_536
"""Several times what the API itself accepts (it answers 431), so that only floods are cut off here."""

MAX_WAITING_BYTES: Final = 65_536
"""Of a body that nobody has asked for yet, before reading stops."""

HEAD_TIMEOUT_S: Final = 30.0
KEEP_ALIVE_S: Final = 5.0
"""Clients' pools throw connections away that were idle for some seconds; 5 is what most servers grant."""

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_MALFORMED: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HttpProtocol:
    """One connection. uvicorn gives the arguments, the event loop calls the rest."""

    __slots__ = (
        "_application",
        "_client",
        "_connections",
        "_current",
        "_head_bytes",
        "_headers",
        "_idle_since_s",
        "_in_head_since_s",
        "_is_ending",
        "_is_reading",
        "_loop",
        "_may_write",
        "_parser",
        "_queue",
        "_receiving",
        "_root_path",
        "_scheme",
        "_server",
        "_tasks",
        "_transport",
        "_url",
        "_wants_continue",
        "_watch",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 - the applications here share nothing by it
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._loop = _loop or asyncio.get_running_loop()
        self._application: Any = config.loaded_app
        self._root_path = config.root_path
        self._connections: set[Any] = server_state.connections
        self._tasks = server_state.tasks
        self._parser: Any = httptools.HttpRequestParser(self)
        # Bytes after a request that asked to close are dropped here; to the parser they would be an error.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        """What is being answered."""
        self._receiving: Exchange | None = None
        """Whose body is coming."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._url = b""
        self._wants_continue = False
        self._in_head_since_s: float | None = None
        """Since when a head has been on its way, by the loop's clock; None between heads."""
        self._head_bytes = 0
        self._idle_since_s = 0.0
        self._is_ending = False
        """No further request of this connection will be answered."""
        self._is_reading = True
        self._may_write: asyncio.Future[None] | None = None
        """Pending while the client takes nothing."""

    # Called by the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client has come."""
        self._transport = transport
        self._server = get_local_addr(transport)
        self._client = get_remote_addr(transport)
        self._scheme = "https" if is_ssl(transport) else "http"
        self._connections.add(self)
        self._in_head_since_s = self._loop.time()
        self._watch = self._loop.call_later(HEAD_TIMEOUT_S, self._check_time)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone, or was closed."""
        self._is_ending = True
        self._connections.discard(self)
        self._watch.cancel()
        for exchange in (self._current, *self._queue):
            if exchange is not None:
                exchange.disconnect()
        self._queue.clear()
        self.resume_writing()
        self._parser = None

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_ending:
            return
        was_in_head = self._in_head_since_s is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here. The request is answered as it stands, and is the last one.
            self._end_after_answers()
        except httptools.HttpParserError:
            self._refuse(_MALFORMED)
        # What came before the head's first chunk ended belongs to another request, so only whole chunks are counted.
        if was_in_head and self._in_head_since_s is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_TOO_LARGE)

    def eof_received(self) -> None:
        """The client sends no more; the transport closes."""

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._may_write = self._loop.create_future()

    def resume_writing(self) -> None:
        """The transport's buffer has room."""
        if self._may_write is not None and not self._may_write.done():
            self._may_write.set_result(None)
        self._may_write = None

    # Called by the parser

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._url = b""
        self._headers = []
        self._wants_continue = False
        self._in_head_since_s = self._loop.time()
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._wants_continue = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins, or waits for those before it."""
        self._in_head_since_s = None
        if self._is_ending:
            self._receiving = None
            return
        parser = self._parser
        version = parser.get_http_version()
        exchange = Exchange(
            line=self,
            scope=self._build_scope(version, parser.get_method().decode("ascii")),
            keeps_alive=version != "1.0" and parser.should_keep_alive(),
            wants_continue=self._wants_continue,
        )
        self._receiving = exchange
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()

    def on_body(self, chunk: bytes) -> None:
        """A part of the body."""
        exchange = self._receiving
        if exchange is not None:
            exchange.add_body(chunk)
            if exchange.size_bytes > MAX_WAITING_BYTES:
                self._pause_reading()

    def on_message_complete(self) -> None:
        """The body is whole."""
        exchange = self._receiving
        if exchange is not None:
            exchange.end_body()
            if not exchange.keeps_alive:
                self._is_ending = True
            if exchange.is_answered:
                self._idle_since_s = self._loop.time()

    # Called by exchanges

    async def write(self, data: bytes) -> None:
        """Send, when the client takes it; nothing when it has gone."""
        while self._may_write is not None:
            await asyncio.shield(self._may_write)
        if not self._transport.is_closing():
            self._transport.write(data)

    def resume_reading(self) -> None:
        """Read on, unless a request waits for its turn."""
        if not self._is_reading and not self._queue and not self._transport.is_closing():
            self._is_reading = True
            self._transport.resume_reading()

    def end_exchange(self, exchange: Exchange) -> None:
        """An answer is written: the next request, if one waits."""
        self._current = None
        if not exchange.keeps_alive or (self._is_ending and not self._queue):
            self._transport.close()
        elif self._queue:
            self._start(self._queue.popleft())
            self.resume_reading()
        else:
            self._idle_since_s = self._loop.time()
            self.resume_reading()

    # Called by uvicorn

    def shutdown(self) -> None:
        """The server stops: close, or tell with the answers that are due that there will be no more."""
        if self._current is None:
            self._transport.close()
        else:
            self._end_after_answers()

    def _build_scope(self, version: str, method: str) -> dict[str, Any]:
        url = httptools.parse_url(self._url)
        raw_path = url.path
        if raw_path is None:
            raise ValueError("a target without a path")
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self._server,
            "client": self._client,
            "scheme": self._scheme,
            "root_path": self._root_path,
            "method": method,
            "path": self._root_path + (unquote(path) if "%" in path else path),
            "raw_path": raw_path,
            "query_string": url.query or b"",
            "headers": self._headers,
        }

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        task = self._loop.create_task(exchange.run(self._application))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end_after_answers(self) -> None:
        self._is_ending = True
        last = self._queue[-1] if self._queue else self._current
        if last is None or last.is_answered:
            self._transport.close()
        else:
            last.keeps_alive = False

    def _refuse(self, answer: bytes) -> None:
        """What has come is no request. Those before it are answered first, without a word about this one."""
        broken = self._receiving
        if broken is not None and not broken.is_whole and broken in self._queue:
            self._queue.remove(broken)
        if self._current is not None and (self._current is not broken or broken.is_whole):
            self._end_after_answers()
            return
        self._is_ending = True
        if not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.close()

    def _pause_reading(self) -> None:
        if self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def _check_time(self) -> None:
        """Close what takes too long; else look again when it could."""
        left_s = KEEP_ALIVE_S
        if self._in_head_since_s is not None:
            left_s = self._in_head_since_s + HEAD_TIMEOUT_S - self._loop.time()
        elif self._current is None:
            # The rest of a body that was answered before its end has as long as a head.
            is_whole = self._receiving is None or self._receiving.is_whole
            left_s = self._idle_since_s + (KEEP_ALIVE_S if is_whole else HEAD_TIMEOUT_S) - self._loop.time()
        if left_s <= 0:
            self._transport.close()
        else:
            self._watch = self._loop.call_later(left_s, self._check_time)
