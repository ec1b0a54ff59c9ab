"""The grace of lost sockets: how long a session counts as present after its socket is lost. Owns the timers."""

from collections.abc import Callable

from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.seat import Seat


class SocketGrace:
    """`on_end` takes each session whose socket has not come back within `grace_s`."""

    __slots__ = ("_call_later", "_grace_s", "_on_end", "_timers")

    def __init__(self, *, grace_s: float, call_later: CallLater, on_end: Callable[[Seat], None]) -> None:
        self._call_later = call_later
        self._grace_s = grace_s
        self._on_end = on_end
        self._timers: dict[str, Handle] = {}

    def begin(self, session: Seat) -> None:
        """Start the time of a session, anew if it runs."""
        self.cancel(session)
        self._timers[session.id] = self._call_later(self._grace_s, lambda: self._end(session))

    def cancel(self, session: Seat) -> None:
        """Stop a session's time. No error when it does not run."""
        timer = self._timers.pop(session.id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _end(self, session: Seat) -> None:
        self._timers.pop(session.id, None)
        self._on_end(session)
