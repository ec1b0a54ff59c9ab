"""HTTP/1.1 connections: requests are answered one after the other.

    bytes → RequestParser → HttpConnection → Exchange (a task of its own) → application
                                   ↑             │
                    what comes after the request waits until it is answered; meanwhile nothing is read

What may happen when is the table in `states`. Sizes and times are `bounds`, when what is late `deadlines`, who may
connect `peers`, the way out `writer`. Bodies are bounded by the application; those that it does not take fill 64 KiB
here.

One timer a connection looks after all times. It comes again at the latest when a connection may have been idle for too
long.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from core.http.bounds import MAX_WAITING_BYTES, HttpBounds
from core.http.deadlines import Deadlines
from core.http.exchange import EXTENSIONS, Application, Exchange
from core.http.head import TOO_MANY, TOO_SLOW
from core.http.open_work import OpenWork
from core.http.parser import RequestHead, RequestParser
from core.http.peers import PROBES, HttpPeers, Place
from core.http.proxies import FORWARDED_FOR, FORWARDED_PROTO, Address, TrustedProxies, find_scheme
from core.http.states import DEAF, TAKES_BODY, TRANSITIONS, Event, State, WrongEventError
from core.http.writer import Writer
from core.runtime.clock import Clock

logger = logging.getLogger(__name__)

# The members that each request needs: Python 3.11 takes as long to find one in its enum as to call a small function.
_IDLE: Final = State.IDLE
_DISCARDING: Final = State.DISCARDING
_REQUEST: Final = Event.REQUEST
_WHOLE: Final = Event.WHOLE
_ANSWERED: Final = Event.ANSWERED
_SERVED: Final = Place.SERVED

_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


class Serving(msgspec.Struct, kw_only=True, frozen=True):
    """What the connections of one server share."""

    application: Application
    bounds: HttpBounds
    peers: HttpPeers
    proxies: TrustedProxies
    work: OpenWork
    clock: Clock
    call_later: Callable[[float, Callable[[], None]], Timer]


class Refusal(msgspec.Struct, frozen=True):
    """What has come is answered by this."""

    answer: bytes


Waiting = RequestHead | bytes | Event | Refusal


class HttpConnection:
    """One connection. The event loop, the parser, the exchanges and the server call it; the state is in `_state`
    alone.
    """

    __slots__ = (
        "_client",
        "_deadlines",
        "_exchange",
        "_is_trusted",
        "_now_s",
        "_parser",
        "_place",
        "_scheme",
        "_server",
        "_serving",
        "_state",
        "_transport",
        "_waiting",
        "_watch",
        "_writer",
    )

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._now_s = serving.clock.monotonic_s
        self._state = State.IDLE
        self._parser = RequestParser(self)
        self._exchange: Exchange | None = None
        """The request that is being answered."""
        self._waiting: deque[Waiting] = deque()
        """What has come behind it, in its order: heads, parts and ends of bodies, and at last that there will be no
        more.
        """

    # Called by the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client has come."""
        self._transport = transport
        self._server = _find_address(transport, "sockname")
        self._client = _find_address(transport, "peername")
        self._scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        serving, now_s = self._serving, self._now_s()
        serving.work.connections.add(self)
        self._is_trusted = serving.proxies.is_trusted(self._address)
        self._place = serving.peers.enter(self._address, is_trusted=self._is_trusted)
        is_served = self._place is Place.SERVED
        self._deadlines = Deadlines(bounds=serving.bounds, now_s=now_s, is_served=is_served)
        self._writer = Writer(transport, now_s=now_s)
        self._watch = serving.call_later(min(serving.bounds.head_s, serving.bounds.keep_alive_s), self._check_time)
        if self._place is Place.NONE:
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """The client has gone, or was closed."""
        self._move(Event.LOST)
        self._serving.work.leave(self)
        self._serving.peers.leave(self._address, self._place)
        self._watch.cancel()
        self._drop_exchange()
        self._waiting.clear()
        self._writer.lose()
        self._parser.close()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._state not in DEAF:
            self._parser.feed(data)

    def eof_received(self) -> bool:
        """The client sends no more. What it has asked for to the end is answered; then, or else, the transport
        closes.
        """
        if self._move(Event.EOF) is not State.ANSWERING_LAST:
            return False
        if self._exchange is not None:
            self._exchange.keeps_alive = False
        return True

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writer.pause()

    def resume_writing(self) -> None:
        """The transport's buffer has room."""
        self._writer.resume()

    # Called by the parser

    def on_begin(self) -> None:
        """A head's first byte has come."""
        self._deadlines.head_since_s = self._now_s()

    def on_request(self, head: RequestHead) -> None:
        """A head is whole: its request begins, or waits for those before it."""
        self._deadlines.head_since_s = None
        if self._state is _IDLE:
            self._begin(head)
        elif self._state not in DEAF:
            self._waiting.append(head)
            self._pause_reading()

    def on_body(self, chunk: bytes) -> None:
        """A part of the body, which nobody wants any more when its request is answered."""
        if self._waiting:
            self._waiting.append(chunk)
            return
        self._deadlines.body_bytes += len(chunk)
        exchange = self._exchange
        if exchange is not None and self._state in TAKES_BODY:
            exchange.add_body(chunk)
            if exchange.size_bytes > MAX_WAITING_BYTES:
                self._pause_reading()

    def on_whole(self) -> None:
        """The body is whole."""
        if self._waiting:
            self._waiting.append(Event.WHOLE)
        elif self._state in TAKES_BODY and self._exchange is not None:
            self._move(_WHOLE)
            self._exchange.end_body()
        elif self._state is _DISCARDING:
            self._move(_WHOLE)
            self._deadlines.begin(self._now_s())

    def on_refusal(self, answer: bytes) -> None:
        """What has come is no request. Those before it are answered first, without a word about this one."""
        self._deadlines.head_since_s = None
        if self._waiting:
            self._waiting.append(Refusal(answer))
        elif self._state is State.ANSWERING:
            self._end()
        elif self._state not in DEAF:
            self._refuse(answer)

    # Called by exchanges

    def resume_reading(self) -> None:
        """Read on, unless a request waits for its turn."""
        if self._deadlines.paused_since_s is not None and not self._waiting and not self._transport.is_closing():
            self._deadlines.resume(self._now_s())
            self._transport.resume_reading()

    def end_exchange(self, exchange: Exchange) -> None:
        """An answer is written: the next request, if one waits."""
        if exchange is not self._exchange:
            return
        self._exchange = None
        state = self._move(_ANSWERED if exchange.keeps_alive else Event.ANSWERED_LAST)
        if state is _IDLE:
            self._deadlines.begin(self._now_s())
            if self._waiting:
                self._take_waiting()
            elif self._deadlines.paused_since_s is not None:
                self.resume_reading()
        elif state is _DISCARDING:
            self.resume_reading()
        elif state is State.CLOSED:
            self._transport.close()
        else:
            self._linger()

    def abort_exchange(self, exchange: Exchange) -> None:
        """An answer has begun and cannot be ended."""
        if exchange is self._exchange:
            self._writer.reset_when_closed()
            self.abort()

    # Called by the server

    def shutdown(self) -> None:
        """No further request is wanted: close, or tell with the last answer that is due."""
        if self._waiting:
            self._waiting.append(Event.END)
        else:
            self._end()

    def abort(self) -> None:
        """End now, whatever waits to be written."""
        self._move(Event.ABORTED)
        self._drop_exchange()
        self._transport.abort()

    @property
    def _address(self) -> str:
        return self._client[0] if self._client else ""

    def _move(self, event: Event) -> State:
        try:
            self._state = state = TRANSITIONS[self._state][event]
        except KeyError:
            raise WrongEventError(self._state, event) from None
        return state

    def _begin(self, head: RequestHead) -> None:
        if self._place is not _SERVED:
            head.keeps_alive = False
            if head.raw_path not in PROBES:
                self._refuse(TOO_MANY)
                return
        exchange = Exchange(
            line=self,
            writer=self._writer,
            scope=self._build_scope(head),
            keeps_alive=head.keeps_alive,
            wants_continue=head.wants_continue,
        )
        self._exchange = exchange
        self._move(_REQUEST if head.keeps_alive else Event.LAST_REQUEST)
        self._deadlines.begin(self._now_s())
        self._serving.work.start(exchange.run(self._serving.application))

    def _build_scope(self, head: RequestHead) -> dict[str, Any]:
        client, scheme = self._client, self._scheme
        if FORWARDED_FOR in head.names or FORWARDED_PROTO in head.names:
            if self._is_trusted:
                client = self._serving.proxies.find_client(head.headers) or client
                scheme = find_scheme(head.headers) or scheme
            elif FORWARDED_FOR in head.names:
                self._serving.peers.note_forwarded(self._address)
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            "server": self._server,
            "client": client,
            "scheme": scheme,
            "root_path": "",
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "extensions": EXTENSIONS,
        }

    def _take_waiting(self) -> None:
        """Go on with what has come meanwhile, up to the request after the next."""
        came, self._waiting = self._waiting, deque()
        while came and (self._state is _IDLE or not isinstance(came[0], RequestHead)) and self._state not in DEAF:
            self._take(came.popleft())
        if self._state not in DEAF:
            self._waiting = came
        if self._exchange is None or self._exchange.size_bytes <= MAX_WAITING_BYTES:
            self.resume_reading()

    def _take(self, item: Waiting) -> None:
        match item:
            case RequestHead():
                self._begin(item)
            case bytes():
                self.on_body(item)
            case Event.WHOLE:
                self.on_whole()
            case Refusal(answer=answer):
                self.on_refusal(answer)
            case _:
                self.shutdown()

    def _end(self) -> None:
        if self._move(Event.END) is State.CLOSED:
            self._transport.close()
        elif self._exchange is not None:
            self._exchange.keeps_alive = False

    def _refuse(self, answer: bytes) -> None:
        """Answer what was never a request, or is one no longer. In an answer that has begun there is no place for
        another.
        """
        exchange = self._exchange
        if exchange is not None and exchange.has_begun:
            self.abort_exchange(exchange)
            return
        is_answered = self._state is State.DISCARDING
        self._move(Event.REFUSED)
        self._drop_exchange()
        if not self._transport.is_closing():
            if not is_answered:
                self._writer.write_now(answer)
            self._linger()

    def _linger(self) -> None:
        """Close, but not under a client that is still sending: the kernel would reset the connection, and the answer
        with it.
        """
        if self._transport.is_closing():
            return
        now_s = self._now_s()
        if self._deadlines.paused_since_s is not None:
            self._deadlines.resume(now_s)
            self._transport.resume_reading()
        self._deadlines.begin(now_s)
        self._transport.write_eof()
        self._watch.cancel()
        bounds = self._serving.bounds
        self._watch = self._serving.call_later(min(bounds.linger_s, bounds.keep_alive_s), self._check_time)

    def _drop_exchange(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.disconnect()

    def _pause_reading(self) -> None:
        if self._deadlines.paused_since_s is None and not self._transport.is_closing():
            self._deadlines.pause(self._now_s())
            self._transport.pause_reading()

    def _check_time(self) -> None:
        """Close what takes too long; look again soon."""
        now_s, bounds = self._now_s(), self._serving.bounds
        if self._writer.is_unread_for(bounds.unread_s, now_s):
            self._tell_slow("answer")
            self.abort()
            return
        left_s = bounds.keep_alive_s
        due_s = self._deadlines.find_due_s(self._state)
        if due_s is not None and due_s <= now_s:
            self._end_late()
        elif due_s is not None:
            left_s = min(left_s, due_s - now_s)
        self._watch = self._serving.call_later(left_s, self._check_time)

    def _end_late(self) -> None:
        if self._deadlines.head_since_s is not None:
            if self._parser.silent_bytes:
                self._tell_slow("head")
            self._end()
        elif self._state in TAKES_BODY or self._state is State.DISCARDING:
            self._tell_slow("body")
            self._refuse(TOO_SLOW)
        else:
            self._end()

    def _tell_slow(self, part: str) -> None:
        logger.warning("slow client closed", extra={"address": self._address, "part": part})


def _find_address(transport: asyncio.Transport, name: str) -> Address | None:
    """Host and port of an end; None where the socket has none, as those of the Unix kind."""
    found = transport.get_extra_info(name)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) and len(found) >= 2 else None
