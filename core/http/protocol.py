"""HTTP/1.1 connections: from a client's bytes to requests, answered one after the other.

uvicorn listens, counts and stops; this is the protocol class that it makes for each connection, in place of its own, which
spends more on a request than most handlers do, and sets no bounds to heads. httptools (Node's parser) decides what is HTTP.

    bytes → httptools → Exchange (a task of its own) → application
                        a pipelined one waits until those before it are answered; meanwhile nothing is read

A request that asks for another protocol (`Upgrade: h2c`, what some clients' first request does) is answered as if it had not
(RFC 9110 section 7.8). The parser stops at it, so its head is parsed once more without the wish, and its body after that.

Bounds: sizes and times are `bounds`, connections `peers`. One timer a connection looks after all times, so requests
start and cancel none. Bodies are bounded by the application; those that it does not take fill 64 KiB here.
"""

import asyncio
import logging
from collections import deque
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from core.http.bounds import MAX_HEAD_BYTES, MAX_WAITING_BYTES, HttpBounds, body_deadline_s
from core.http.exchange import Exchange
from core.http.head import (
    EXPECT,
    JUDGED,
    MALFORMED,
    OTHER_VERSION,
    TOO_LARGE,
    TOO_MANY,
    TOO_SLOW,
    encode_without_upgrade,
    find_refusal,
)
from core.http.peers import PROBES, HttpPeers, Place

logger = logging.getLogger(__name__)

_FORWARDED: Final = b"x-forwarded-for"
_NOTED: Final = JUDGED | {_FORWARDED}
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class HttpProtocol:
    """One connection. The server gives `bounds` and `peers`, uvicorn the other arguments; the event loop calls the rest."""

    __slots__ = (
        "_application",
        "_body_bytes",
        "_body_since_s",
        "_bounds",
        "_client",
        "_connections",
        "_current",
        "_headers",
        "_idle_since_s",
        "_in_head_since_s",
        "_is_ending",
        "_is_reading",
        "_is_silent",
        "_is_trusted",
        "_loop",
        "_may_write",
        "_noted",
        "_parser",
        "_paused_since_s",
        "_peers",
        "_place",
        "_queue",
        "_receiving",
        "_root_path",
        "_scheme",
        "_server",
        "_silent_bytes",
        "_taken_bytes",
        "_tasks",
        "_transport",
        "_unread_since_s",
        "_url",
        "_wants_upgrade",
        "_watch",
        "_written_bytes",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 - the applications here share nothing by it
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        bounds: HttpBounds,
        peers: HttpPeers,
    ) -> None:
        self._loop = _loop or asyncio.get_running_loop()
        self._bounds = bounds
        self._peers = peers
        self._application: Any = config.loaded_app
        self._root_path = config.root_path
        self._connections: set[Any] = server_state.connections
        self._tasks = server_state.tasks
        self._parser: Any = self._make_parser()
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        """What is being answered."""
        self._receiving: Exchange | None = None
        """Whose body is coming."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._url = b""
        self._noted: list[tuple[bytes, bytes]] = []
        """Those of the headers that matter here."""
        self._wants_upgrade = False
        """The head that is whole is still to be parsed without its wish."""
        self._place = Place.SERVED
        self._is_trusted = False
        self._in_head_since_s: float | None = None
        """Since when a head has been on its way, by the loop's clock; None between heads."""
        self._is_silent = True
        self._silent_bytes = 0
        """What has come since the parser said something: of a head, or of what is neither head nor body."""
        self._body_since_s = 0.0
        self._body_bytes = 0
        self._paused_since_s = 0.0
        self._idle_since_s = 0.0
        self._written_bytes = 0
        self._taken_bytes = 0
        """Of what was written, how much the client had taken when this was looked at last."""
        self._unread_since_s = 0.0
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
        self._is_trusted = self._peers.is_trusted(self._address)
        self._place = self._peers.enter(self._address, is_trusted=self._is_trusted)
        self._in_head_since_s = self._idle_since_s = self._unread_since_s = self._loop.time()
        soon_s = min(self._bounds.head_s, self._bounds.keep_alive_s)
        self._watch = self._loop.call_later(soon_s, self._check_time)
        if self._place is Place.NONE:
            self._is_ending = True
            transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone, or was closed."""
        self._is_ending = True
        self._connections.discard(self)
        self._peers.leave(self._address, self._place)
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
        self._is_silent = True
        try:
            self._parse(data)
        except httptools.HttpParserError:
            if not self._is_ending:  # what follows a refusal is no news
                # The preface of HTTP/2 is made to look like a request of a method that does not exist.
                self._refuse(OTHER_VERSION if self._parser.get_method() == b"PRI" else MALFORMED)
        # What came before the head's first chunk ended belongs to another request, so only whole chunks are counted.
        self._silent_bytes = self._silent_bytes + len(data) if self._is_silent else 0
        if self._silent_bytes > MAX_HEAD_BYTES and not self._is_ending:
            self._refuse(TOO_LARGE)

    def eof_received(self) -> bool:
        """The client sends no more. What it has asked for to the end is answered; then, or else, the transport closes."""
        broken = self._receiving
        if broken is not None and not broken.is_whole and broken in self._queue:
            self._queue.remove(broken)
            self._receiving = None
        if self._current is None or not self._current.is_whole:
            return False
        self._end_after_answers()
        return True

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
        self._noted = []
        self._in_head_since_s = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header. One that comes behind the body is not the request's (RFC 9110 section 6.5.1)."""
        if self._in_head_since_s is None:
            return
        name = name.lower()
        header = (name, value.rstrip(b" \t"))  # the parser leaves what stands behind the value
        self._headers.append(header)
        if name in _NOTED:
            self._noted.append(header)

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins, or waits for those before it."""
        self._in_head_since_s = None
        self._is_silent = False
        self._receiving = None
        if self._is_ending:
            return
        parser = self._parser
        version, method = parser.get_http_version(), parser.get_method()
        refusal = find_refusal(method, version, self._noted)
        if refusal is not None:
            self._refuse(refusal)
            return
        if parser.should_upgrade():
            self._wants_upgrade = True
            return
        scope = self._build_scope(version, method.decode("ascii"))
        if self._place is Place.PROBES_ONLY and scope["raw_path"] not in PROBES:
            self._refuse(TOO_MANY)
            return
        noted = {name for name, _ in self._noted}
        if _FORWARDED in noted and not self._is_trusted:
            self._peers.note_forwarded(self._address)
        exchange = Exchange(
            line=self,
            scope=scope,
            keeps_alive=version != "1.0" and self._place is Place.SERVED and parser.should_keep_alive(),
            wants_continue=EXPECT in noted and version != "1.0",
        )
        self._body_since_s = self._loop.time()
        self._body_bytes = 0
        self._receiving = exchange
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()

    def on_body(self, chunk: bytes) -> None:
        """A part of the body."""
        exchange = self._receiving
        self._is_silent = False
        if exchange is not None:
            self._body_bytes += len(chunk)
            exchange.add_body(chunk)
            if exchange.size_bytes > MAX_WAITING_BYTES:
                self._pause_reading()

    def on_message_complete(self) -> None:
        """The body is whole."""
        exchange = self._receiving
        self._is_silent = False
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
            self._written_bytes += len(data)
            self._transport.write(data)

    def resume_reading(self) -> None:
        """Read on, unless a request waits for its turn."""
        if not self._is_reading and not self._queue and not self._transport.is_closing():
            self._is_reading = True
            self._transport.resume_reading()
            # The client could not go on meanwhile.
            paused_s = self._loop.time() - self._paused_since_s
            self._body_since_s += paused_s
            if self._in_head_since_s is not None:
                self._in_head_since_s += paused_s

    def end_exchange(self, exchange: Exchange) -> None:
        """An answer is written: the next request, if one waits."""
        self._current = None
        if not exchange.keeps_alive or (self._is_ending and not self._queue):
            self._close()
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

    @property
    def _address(self) -> str:
        return self._client[0] if self._client else ""

    def _make_parser(self) -> Any:
        parser: Any = httptools.HttpRequestParser(self)
        # Bytes after a request that asked to close are dropped here; to the parser they would be an error.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _parse(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._is_ending:
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as stopped:
                rest = rest[stopped.args[0] :]
            else:
                return
            if self._wants_upgrade:
                self._parse_without_upgrade()

    def _parse_without_upgrade(self) -> None:
        """The head again, in a parser that then expects its body."""
        self._wants_upgrade = False
        method, version = self._parser.get_method(), self._parser.get_http_version()
        head = encode_without_upgrade(method, self._url, version, self._headers)
        self._parser = self._make_parser()
        self._parser.feed_data(head)

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
        if broken is not None and not broken.is_whole and broken.is_answered:
            self._close()
            return
        if broken is not None and not broken.is_whole and broken in self._queue:
            self._queue.remove(broken)
        if self._current is not None and (self._current is not broken or broken.is_whole):
            self._end_after_answers()
            return
        self._is_ending = True
        if not self._transport.is_closing():
            self._written_bytes += len(answer)
            self._transport.write(answer)
            self._linger()

    def _close(self) -> None:
        """No more is answered."""
        self._is_ending = True
        if self._receiving is None or self._receiving.is_whole:
            self._transport.close()
        elif not self._transport.is_closing():
            self._linger()

    def _linger(self) -> None:
        """Close, but not under a client that is still sending: the kernel would reset the connection, and the answer with it."""
        self._transport.write_eof()
        if not self._is_reading:
            self._is_reading = True
            self._transport.resume_reading()
        self._loop.call_later(self._bounds.linger_s, self._transport.close)

    def _pause_reading(self) -> None:
        if self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._paused_since_s = self._loop.time()
            self._transport.pause_reading()

    def _check_time(self) -> None:
        """Close what takes too long; look again soon."""
        now_s = self._loop.time()
        if self._is_unread(now_s):
            self._tell_slow("answer")
            self._transport.abort()
            return
        left_s = self._bounds.keep_alive_s
        if not self._is_ending and not self._transport.is_closing():
            due_s = self._find_due_s()
            if due_s is not None and due_s <= now_s:
                self._end_late()
            elif due_s is not None:
                left_s = min(left_s, due_s - now_s)
        self._watch = self._loop.call_later(left_s, self._check_time)

    def _is_unread(self, now_s: float) -> bool:
        """Whether the client has taken nothing of what waits for it for too long."""
        waiting_bytes = self._transport.get_write_buffer_size()
        taken_bytes = self._written_bytes - waiting_bytes
        if not waiting_bytes or taken_bytes > self._taken_bytes:
            self._taken_bytes = taken_bytes
            self._unread_since_s = now_s
        return now_s - self._unread_since_s >= self._bounds.unread_s

    def _find_due_s(self) -> float | None:
        """When what is waited for must have come; None when it is the application that is waited for."""
        if not self._is_reading:
            return None
        if self._in_head_since_s is not None:
            # A connection past a bound is only for a short question.
            bounds = self._bounds
            return self._in_head_since_s + (bounds.head_s if self._place is Place.SERVED else bounds.keep_alive_s)
        if self._receiving is not None and not self._receiving.is_whole:
            return body_deadline_s(self._bounds, self._body_since_s, self._body_bytes)
        return None if self._current is not None else self._idle_since_s + self._bounds.keep_alive_s

    def _end_late(self) -> None:
        if self._in_head_since_s is not None:
            if self._silent_bytes:
                self._tell_slow("head")
            self._end_after_answers()
        elif self._receiving is not None and not self._receiving.is_whole:
            self._tell_slow("body")
            self._refuse(TOO_SLOW)
        else:
            self._transport.close()

    def _tell_slow(self, part: str) -> None:
        logger.warning("slow client closed", extra={"address": self._address, "part": part})
