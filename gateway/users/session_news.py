"""The throttle by which a person's sessions are told of each other (SESSIONS_REPLACE).

All sessions of a user are told of a change of one of them. If they were told at once, the logins of n sessions would
cost n² dispatches. So they are told `GAP_S` after a change, with everything that changed until then. Then they rest for
as long as the sent bytes take at `BYTES_PER_S`, which bounds the cost of one account, however many sessions it has.

```
 note ─→ gap ─→ told ─→ rest ─┬─ nothing new ─→ (forgotten)
                              └─ a note came ─→ gap
```

Owns the timers, one for each user with news.
"""

from collections.abc import Callable
from typing import Final

from gateway.scheduling.batch_timer import CallLater, Handle

GAP_S: Final = 0.25
"""A delay that nobody notices, and that is longer than the logins of a client that opens several sessions."""

BYTES_PER_S: Final = 1 << 20
"""The rate of one account. Telling three sessions takes 2 KB, telling 500 takes 4 MB."""


class SessionNews:
    """`tell` tells a user's sessions and returns the number of bytes."""

    __slots__ = ("_call_later", "_noted", "_tell", "_timers")

    def __init__(self, *, tell: Callable[[int], int], call_later: CallLater) -> None:
        self._call_later = call_later
        self._tell = tell
        self._timers: dict[int, Handle] = {}
        self._noted: set[int] = set()

    def note(self, user_id: int) -> None:
        """Note a change of one of the user's sessions."""
        self._noted.add(user_id)
        if user_id not in self._timers:
            self._timers[user_id] = self._call_later(GAP_S, lambda: self._come(user_id))

    def forget(self, user_id: int) -> None:
        """Forget a user who has no session any more."""
        self._noted.discard(user_id)
        timer = self._timers.pop(user_id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _come(self, user_id: int) -> None:
        self._noted.discard(user_id)
        rest_s = self._tell(user_id) / BYTES_PER_S
        self._timers[user_id] = self._call_later(rest_s, lambda: self._end_rest(user_id))

    def _end_rest(self, user_id: int) -> None:
        del self._timers[user_id]
        if user_id in self._noted:
            self.note(user_id)
