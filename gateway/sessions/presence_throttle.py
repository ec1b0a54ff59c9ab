"""The throttle of one connection's presence updates: past the limit the newest one waits until the window ends."""

from collections.abc import Callable

from core.runtime.clock import Clock
from gateway.commands.presence_command import PresenceUpdate
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.allowance import Allowance


class PresenceThrottle:
    __slots__ = ("_allowance", "_call_later", "_clock", "_held", "_limit", "_window_s")

    def __init__(self, *, limit: int, window_s: float, clock: Clock, call_later: CallLater) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._call_later = call_later
        self._allowance = Allowance()
        self._held: PresenceUpdate | None = None

    def passes(self, update: PresenceUpdate, release: Callable[[PresenceUpdate], None]) -> bool:
        """Return whether the update may go on now. Otherwise it waits, in place of an older one.

        `release` takes the update that has waited, which must pass the throttle once more. It is not kept longer than
        the wait, so that a connection and its throttle do not refer to each other.
        """
        now_s = self._clock.monotonic_s()
        is_waiting = self._held is not None
        if not is_waiting and self._allowance.take(now_s, self._limit, self._window_s):
            return True
        self._held = update
        if not is_waiting:
            self._call_later(self._allowance.remaining_s(now_s), lambda: self._end_wait(release))
        return False

    def _end_wait(self, release: Callable[[PresenceUpdate], None]) -> None:
        update, self._held = self._held, None
        if update is not None:
            release(update)
