"""HTTP/1.1 connections: requests are answered one after the other.

    bytes → RequestParser → HttpConnection → Exchange (a task of its own) → application
                                   ↑             │
                    the next requests wait until this one is answered; meanwhile nothing is read

The table in `states` says what may happen when. Other modules hold the sizes and times (`bounds`), when something is
late (`deadlines`) and what then happens (`watch`), who may connect (`peers`), where requests come from (`origin`), and
the way out (`writer`). The application bounds a body; the part that it does not take fills 64 KiB here.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec

from core.http.bounds import MAX_WAITING_BYTES
from core.http.deadlines import Deadlines
from core.http.exchange import Exchange
from core.http.head import TOO_MANY
from core.http.origin import Origin
from core.http.parser import RequestHead, RequestParser
from core.http.peers import PROBES, Place
from core.http.serving import Serving
from core.http.states import DEAF, TAKES_BODY, TRANSITIONS, Event, State, WrongEventError
from core.http.watch import Watch
from core.http.writer import Writer

# The members that each request needs: Python 3.11 takes as long to find one in its enum as to call a small function.
_IDLE: Final = State.IDLE
_DISCARDING: Final = State.DISCARDING
_REQUEST: Final = Event.REQUEST
_WHOLE: Final = Event.WHOLE
_ANSWERED: Final = Event.ANSWERED
_SERVED: Final = Place.SERVED


class Refusal(msgspec.Struct, frozen=True):
    """The answer to bytes that are no request."""

    answer: bytes


Waiting = RequestHead | bytes | Event | Refusal


class HttpConnection:
    """One connection. The event loop, the parser, the exchanges, the watch and the server call it."""

    __slots__ = ("_application", "_deadlines", "_exchange", "_now_s", "_origin", "_parser", "_place", "_serving",
                 "_transport", "_waiting", "_watch", "_work", "_writer", "state")  # fmt: skip

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._application = serving.application
        self._work = serving.work
        self._now_s = serving.clock.monotonic_s
        self.state = State.IDLE
        self._parser = RequestParser(self)
        self._exchange: Exchange | None = None
        """The request that is being answered."""
        self._waiting: deque[Waiting] = deque()
        """The heads, parts and ends of bodies that came behind it, in their order, and at last that nothing follows."""

    # Called by the event loop

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a client's place, and begin to watch the times."""
        self._transport = transport
        serving, now_s = self._serving, self._now_s()
        self._work.connections.add(self)
        self._origin = origin = Origin(transport, proxies=serving.proxies, peers=serving.peers)
        self._place = serving.peers.enter(origin.address, is_trusted=origin.is_trusted)
        is_served = self._place is Place.SERVED
        self._deadlines = Deadlines(bounds=serving.bounds, now_s=now_s, is_served=is_served)
        self._writer = Writer(transport, now_s=now_s)
        self._watch = Watch(
            self, serving=serving, deadlines=self._deadlines, writer=self._writer, address=origin.address
        )
        if self._place is Place.NONE:
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Free everything: the client has gone, or was closed."""
        self._move(Event.LOST)
        self._work.leave(self)
        self._serving.peers.leave(self._origin.address, self._place)
        self._watch.stop()
        self._drop_exchange()
        self._waiting.clear()
        self._writer.lose()
        self._parser.close()

    def data_received(self, data: bytes) -> None:
        """Parse bytes, unless the connection is done with its client."""
        if self.state not in DEAF:
            self._parser.feed(data)

    def eof_received(self) -> bool:
        """Hear that the client sends no more. A whole request is still answered; then the transport closes."""
        if self._move(Event.EOF) is not State.HALF_CLOSED:
            return False
        if self._exchange is not None:
            self._exchange.keeps_alive = False
        return self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """Hear that the transport's buffer is full."""
        self._writer.pause()

    def resume_writing(self) -> None:
        """Hear that the transport's buffer has room."""
        self._writer.resume()

    # Called by the parser

    def on_begin(self) -> None:
        """Note when a head began."""
        self._deadlines.head_since_s = self._now_s()

    def on_request(self, head: RequestHead) -> None:
        """Begin a request whose head is whole, or let it wait for those before it."""
        self._deadlines.head_since_s = None
        if self.state is _IDLE:
            if self._work.is_stopping:
                head.keeps_alive = False
            self._begin(head)
        elif self.state not in DEAF:
            self._waiting.append(head)
            self._pause_reading()

    def on_body(self, chunk: bytes) -> None:
        """Take a part of a body, which is dropped when its request is answered already."""
        if self._waiting:
            self._waiting.append(chunk)
            return
        self._deadlines.body_bytes += len(chunk)
        exchange = self._exchange
        if exchange is not None and self.state in TAKES_BODY:
            exchange.add_body(chunk)
            if exchange.size_bytes > MAX_WAITING_BYTES:
                self._pause_reading()

    def on_whole(self) -> None:
        """Take the end of a body."""
        if self._waiting:
            self._waiting.append(Event.WHOLE)
        elif self.state in TAKES_BODY and self._exchange is not None:
            self._move(_WHOLE)
            self._exchange.end_body()
        elif self.state is _DISCARDING:
            self._move(_WHOLE)
            self._deadlines.begin(self._now_s())

    def on_refusal(self, answer: bytes) -> None:
        """Refuse bytes that are no request. A request before them is answered first, without the refusal."""
        self._deadlines.head_since_s = None
        if self._waiting:
            self._waiting.append(Refusal(answer))
        elif self.state is State.ANSWERING:
            self.end()
        elif self.state not in DEAF:
            self.refuse(answer)

    # Called by exchanges

    def resume_reading(self) -> None:
        """Read on, unless a request waits for its turn."""
        if self._deadlines.paused_since_s is not None and not self._waiting and not self._transport.is_closing():
            self._deadlines.resume(self._now_s())
            self._transport.resume_reading()

    def end_exchange(self, exchange: Exchange) -> None:
        """Go on with the next request, if one waits: an answer is written."""
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
        """End the connection: an answer has begun and cannot be finished."""
        if exchange is self._exchange:
            self._writer.reset_when_closed()
            self.abort()

    # Called by the server

    @property
    def is_idle(self) -> bool:
        """Whether no request is there."""
        return self.state is _IDLE

    def shutdown(self) -> None:
        """Linger, or say with the last answer that is due that no further request is wanted."""
        if self._waiting:
            self._waiting.append(Event.STOP)
            return
        state = self._move(Event.STOP)
        if state is State.LINGERING:
            self._linger()
        elif self._exchange is not None:
            self._exchange.keeps_alive = False

    def abort(self) -> None:
        """End now, whatever waits to be written."""
        self._move(Event.ABORTED)
        self._drop_exchange()
        self._transport.abort()

    # Called by the watch, as `abort` is

    @property
    def is_in_head(self) -> bool:
        """Whether a part of a head is there."""
        return self._parser.silent_bytes > 0

    def end(self) -> None:
        """Close, or say with the last answer that is due that no further request is wanted."""
        if self._move(Event.END) is State.CLOSED:
            self._transport.close()
        elif self._exchange is not None:
            self._exchange.keeps_alive = False

    def refuse(self, answer: bytes) -> None:
        """Answer bytes that are no request, and close. An answer that has begun has no place for another."""
        exchange = self._exchange
        if exchange is not None and exchange.has_begun:
            self.abort_exchange(exchange)
            return
        is_answered = self.state is State.DISCARDING
        self._move(Event.REFUSED)
        self._drop_exchange()
        if not self._transport.is_closing():
            if not is_answered:
                self._writer.write_now(answer)
            self._linger()

    def _move(self, event: Event) -> State:
        try:
            self.state = state = TRANSITIONS[self.state][event]
        except KeyError:
            raise WrongEventError(self.state, event) from None
        return state

    def _begin(self, head: RequestHead) -> None:
        if self._place is not _SERVED:
            head.keeps_alive = False
            if head.raw_path not in PROBES:
                self.refuse(TOO_MANY)
                return
        exchange = Exchange(
            line=self,
            writer=self._writer,
            scope=self._origin.build_scope(head),
            keeps_alive=head.keeps_alive,
            wants_continue=head.wants_continue,
        )
        self._exchange = exchange
        self._move(_REQUEST if head.keeps_alive else Event.LAST_REQUEST)
        self._deadlines.begin(self._now_s())
        self._work.start(exchange.run(self._application))

    def _take_waiting(self) -> None:
        """Go on with the items that wait, up to the request after the next."""
        came, self._waiting = self._waiting, deque()
        while came and (self.state is _IDLE or not isinstance(came[0], RequestHead)) and self.state not in DEAF:
            self._take(came.popleft())
        if self.state not in DEAF:
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

    def _linger(self) -> None:
        """Close when the client has stopped sending: before, the kernel would reset the connection and its answer."""
        if self._transport.is_closing():
            return
        now_s = self._now_s()
        if self._deadlines.paused_since_s is not None:
            self._deadlines.resume(now_s)
            self._transport.resume_reading()
        self._deadlines.head_since_s = None
        self._deadlines.begin(now_s)
        if not self._transport.can_write_eof():  # TLS ends both ways at once
            self._transport.close()
            return
        self._transport.write_eof()
        bounds = self._serving.bounds
        self._deadlines.linger_s = linger_s = bounds.stop_linger_s if self._work.is_stopping else bounds.linger_s
        self._watch.hurry(linger_s)

    def _drop_exchange(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.disconnect()

    def _pause_reading(self) -> None:
        if self._deadlines.paused_since_s is None and not self._transport.is_closing():
            self._deadlines.pause(self._now_s())
            self._transport.pause_reading()
