"""The watch over a connection's times: one timer, which closes a connection that takes too long.

The timer comes again at the latest when the connection may have been idle for too long. Requests start and cancel no
timers: `Deadlines` notes when something began, and the watch asks whether the client is late.
"""

import logging
from typing import Protocol

from core.http.deadlines import Deadlines
from core.http.head import TOO_SLOW
from core.http.serving import Serving, Timer
from core.http.states import TAKES_BODY, State
from core.http.writer import Writer

logger = logging.getLogger(__name__)


class Watched(Protocol):
    """The connection, as its watch sees it."""

    state: State

    @property
    def is_in_head(self) -> bool:
        """Whether a part of a head is there."""

    def end(self) -> None:
        """Close, or say with the last answer that is due that no further request is wanted."""

    def refuse(self, answer: bytes) -> None:
        """Answer a request that is refused, and close."""

    def abort(self) -> None:
        """End now, whatever waits to be written."""


class Watch:
    """The timer of one connection."""

    __slots__ = ("_address", "_connection", "_deadlines", "_serving", "_timer", "_writer")

    def __init__(
        self, connection: Watched, *, serving: Serving, deadlines: Deadlines, writer: Writer, address: str
    ) -> None:
        self._connection = connection
        self._serving = serving
        self._deadlines = deadlines
        self._writer = writer
        self._address = address
        self._timer: Timer = serving.call_later(min(serving.bounds.head_s, serving.bounds.keep_alive_s), self._check)

    def hurry(self, linger_s: float) -> None:
        """Look sooner: the connection lingers."""
        self._timer.cancel()
        self._timer = self._serving.call_later(min(linger_s, self._serving.bounds.keep_alive_s), self._check)

    def stop(self) -> None:
        """Look no more: the connection is lost."""
        self._timer.cancel()

    def _check(self) -> None:
        now_s, bounds = self._serving.clock.monotonic_s(), self._serving.bounds
        if self._writer.is_unread_for(bounds.unread_s, now_s):
            self._tell_slow("answer")
            self._connection.abort()
            return
        if self._connection.state is State.LINGERING and self._writer.has_waiting:
            self._deadlines.begin(now_s)  # The client is still taking the answer.
        due_s = self._deadlines.find_due_s(self._connection.state)
        is_late = due_s is not None and due_s <= now_s
        left_s = bounds.keep_alive_s if due_s is None or is_late else min(bounds.keep_alive_s, due_s - now_s)
        self._timer = self._serving.call_later(left_s, self._check)
        if is_late:
            self._end_late()

    def _end_late(self) -> None:
        connection = self._connection
        if self._deadlines.head_since_s is not None:
            if connection.is_in_head:
                self._tell_slow("head")
            connection.end()
        elif connection.state in TAKES_BODY or connection.state is State.DISCARDING:
            self._tell_slow("body")
            connection.refuse(TOO_SLOW)
        else:
            connection.end()

    def _tell_slow(self, part: str) -> None:
        logger.warning("slow client closed", extra={"address": self._address, "part": part})
