"""The throttle of presences of a user who has several sessions.

Each connection has a limit of presence changes (`gateway.sessions.presence_throttle`), and all guilds of the user are
told of each change. An account with very many connections would multiply that. So past `CHANGES` in a window the newest
presence waits for the window's end. Guilds are told at once that a user went offline, while it is still known which
guilds these are. A user with one session has the connection's limit and costs nothing here.

Owns the allowances of users with several sessions, and the timers of presences that wait.
"""

from collections.abc import Callable
from typing import Final

from core.runtime.clock import Clock
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.allowance import Allowance
from gateway.users.user_actor import UserActor

CHANGES: Final = 10
WINDOW_S: Final = 20.0
"""With `CHANGES` it allows as much as two connections under Discord's limits, which are the default here too."""


class AccountPresences:
    """`tell` sends a user's presence to the user's guilds."""

    __slots__ = ("_allowances", "_call_later", "_clock", "_tell", "_waiting")

    def __init__(self, *, clock: Clock, call_later: CallLater, tell: Callable[[UserActor], None]) -> None:
        self._clock = clock
        self._call_later = call_later
        self._tell = tell
        self._allowances: dict[int, Allowance] = {}
        self._waiting: dict[int, Handle] = {}

    def note(self, actor: UserActor) -> None:
        """Take a user whose visible presence has changed."""
        if actor.present and (actor.user_id in self._waiting or not self._take(actor)):
            self._wait(actor)
            return
        self._stop_waiting(actor.user_id)
        self._tell(actor)

    def forget(self, user_id: int) -> None:
        """Forget a user who has no session any more."""
        self._allowances.pop(user_id, None)
        self._stop_waiting(user_id)

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _take(self, actor: UserActor) -> bool:
        allowance = self._allowances.get(actor.user_id)
        if allowance is None:
            if actor.session_count < 2:
                return True
            allowance = self._allowances[actor.user_id] = Allowance()
        return allowance.take(self._clock.monotonic_s(), CHANGES, WINDOW_S)

    def _wait(self, actor: UserActor) -> None:
        if actor.user_id not in self._waiting:
            delay_s = self._allowances[actor.user_id].remaining_s(self._clock.monotonic_s())
            self._waiting[actor.user_id] = self._call_later(delay_s, lambda: self._come(actor))

    def _come(self, actor: UserActor) -> None:
        del self._waiting[actor.user_id]
        self.note(actor)

    def _stop_waiting(self, user_id: int) -> None:
        timer = self._waiting.pop(user_id, None)
        if timer is not None:
            timer.cancel()
