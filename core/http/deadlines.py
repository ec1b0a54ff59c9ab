"""The time at which a client is late: one question, asked by one timer for each connection (`watch`).

Requests start and cancel no timers; they only note when something began. Time in which nothing is read does not count,
because the client cannot go on.
"""

from typing import Final

from core.http.bounds import HttpBounds
from core.http.states import TAKES_BODY, State

_ANSWERS_LAST: Final = frozenset({State.ANSWERING_LAST, State.HALF_CLOSED})


class Deadlines:
    """The times of one connection, by the clock whose `now_s` is given."""

    __slots__ = ("_begun_s", "_bounds", "_head_s", "body_bytes", "head_since_s", "linger_s", "paused_since_s")

    def __init__(self, *, bounds: HttpBounds, now_s: float, is_served: bool) -> None:
        """`is_served` is false for a connection past a bound, which may only ask for the process's health."""
        self._bounds = bounds
        self._head_s = bounds.head_s if is_served else bounds.keep_alive_s
        self.head_since_s: float | None = now_s
        """The time since which a head has been on its way; None between heads. The first counts from the beginning."""
        self._begun_s = now_s
        """The beginning of the present body, idle time or lingering."""
        self.body_bytes = 0
        self.linger_s = bounds.linger_s
        self.paused_since_s: float | None = None
        """The time since which nothing is read; None while reading goes on."""

    def begin(self, now_s: float) -> None:
        """Note that a body, an idle time or lingering begins."""
        self._begun_s = now_s
        self.body_bytes = 0

    def pause(self, now_s: float) -> None:
        """Note that reading pauses."""
        self.paused_since_s = now_s

    def resume(self, now_s: float) -> None:
        """Note that reading goes on."""
        if self.paused_since_s is not None:
            paused_s = now_s - self.paused_since_s
            self.paused_since_s = None
            self._begun_s += paused_s
            if self.head_since_s is not None:
                self.head_since_s += paused_s

    def find_due_s(self, state: State) -> float | None:
        """Return the time at which the client is late; None while the application has to act."""
        if state is State.LINGERING:
            return self._begun_s + self.linger_s
        if state is State.CLOSED or self.paused_since_s is not None:
            return None
        if self.head_since_s is not None:
            return None if state in _ANSWERS_LAST else self.head_since_s + self._head_s
        if state in TAKES_BODY or state is State.DISCARDING:
            granted_s = self._bounds.body_grace_s + self.body_bytes / self._bounds.body_bytes_per_s
            return self._begun_s + min(granted_s, self._bounds.request_s)
        return self._begun_s + self._bounds.keep_alive_s if state is State.IDLE else None
