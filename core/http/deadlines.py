"""When a client must have done what is waited for: one question, asked by one timer for each connection.

Requests start and cancel no timers; they only note when something began. While nothing is read, the client cannot go
on, so that this time does not count.
"""

from core.http.bounds import HttpBounds
from core.http.states import TAKES_BODY, State


class Deadlines:
    """Of one connection. All times are those of the clock whose `now_s` is given."""

    __slots__ = ("_begun_s", "_bounds", "_head_s", "body_bytes", "head_since_s", "paused_since_s")

    def __init__(self, *, bounds: HttpBounds, now_s: float, is_served: bool) -> None:
        """`is_served` is false for a connection past a bound, which is only for a short question."""
        self._bounds = bounds
        self._head_s = bounds.head_s if is_served else bounds.keep_alive_s
        self.head_since_s: float | None = now_s
        """Since when a head has been on its way; None between heads. The first one is waited for from the beginning."""
        self._begun_s = now_s
        """Of what the connection's state is about: the body, the idle time, the last moments."""
        self.body_bytes = 0
        self.paused_since_s: float | None = None
        """Since when nothing is read; None while something may come."""

    def begin(self, now_s: float) -> None:
        """A body, an idle time or the last moments begin."""
        self._begun_s = now_s
        self.body_bytes = 0

    def pause(self, now_s: float) -> None:
        """Nothing is read from now on."""
        self.paused_since_s = now_s

    def resume(self, now_s: float) -> None:
        """The client can go on."""
        if self.paused_since_s is not None:
            paused_s = now_s - self.paused_since_s
            self.paused_since_s = None
            self._begun_s += paused_s
            if self.head_since_s is not None:
                self.head_since_s += paused_s

    def find_due_s(self, state: State) -> float | None:
        """When what is waited for must have come; None when it is the application that is waited for."""
        if state is State.LINGERING:
            return self._begun_s + self._bounds.linger_s
        if state is State.CLOSED or self.paused_since_s is not None:
            return None
        if self.head_since_s is not None:
            return None if state is State.ANSWERING_LAST else self.head_since_s + self._head_s
        if state in TAKES_BODY or state is State.DISCARDING:
            granted_s = self._bounds.body_grace_s + self.body_bytes / self._bounds.body_bytes_per_s
            return self._begun_s + min(granted_s, self._bounds.request_s)
        return self._begun_s + self._bounds.keep_alive_s if state is State.IDLE else None
