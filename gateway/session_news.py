"""When a person's sessions are told of each other: some time after a change, once for all that changed meanwhile.

A change of one session is news for all of the user's. Told at once, the logins of n sessions would cost n² dispatches. So a user's
sessions are told at most every `GAP_S`, and the more they are the more seldom: one account has `DISPATCHES_PER_S` of these
dispatches at most, however many sessions it has. Owns the timers, one a user with news.
"""

from collections.abc import Callable
from typing import Final

from gateway.batch_timer import CallLater, Handle

GAP_S: Final = 0.25
"""Not felt by who looks at a list of devices, and longer than the logins of a client that opens several sessions."""

DISPATCHES_PER_S: Final = 200


class SessionNews:
    """See the module. `tell` tells a user's sessions."""

    __slots__ = ("_call_later", "_tell", "_timers")

    def __init__(self, *, tell: Callable[[int], None], call_later: CallLater) -> None:
        self._call_later = call_later
        self._tell = tell
        self._timers: dict[int, Handle] = {}

    def note(self, user_id: int, session_count: int) -> None:
        """Something changed about one of the user's sessions, of which there are so many."""
        if user_id not in self._timers:
            delay_s = max(GAP_S, session_count / DISPATCHES_PER_S)
            self._timers[user_id] = self._call_later(delay_s, lambda: self._come(user_id))

    def forget(self, user_id: int) -> None:
        """The user has no session any more."""
        timer = self._timers.pop(user_id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _come(self, user_id: int) -> None:
        del self._timers[user_id]
        self._tell(user_id)
