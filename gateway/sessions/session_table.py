"""The sessions by their ids: which exist, which are detached and until when, and what ending one means.

```
 add ─→ connected ──lose──→ detached ──resume_window_s──→ ended
            ↑  │               │
            └──┼────take───────┘
               └──end (closed by the client, login revoked)──→ ended
```

Owns the table and the timers. Ending detaches a session from its guilds and from its user.
"""

from collections.abc import Callable, Iterator, Sequence

from core.wire import close_codes
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session


class SessionTable:
    """See the module. `on_lost` and `on_ended` are called with the session that it happened to."""

    __slots__ = ("_call_later", "_expiries", "_on_ended", "_on_lost", "_resume_window_s", "_sessions", "_users")

    def __init__(
        self,
        *,
        resume_window_s: float,
        call_later: CallLater,
        on_lost: Callable[[Session], None],
        on_ended: Sequence[Callable[[Session], None]],
    ) -> None:
        self._call_later = call_later
        self._resume_window_s = resume_window_s
        self._on_lost = on_lost
        self._on_ended = on_ended
        self._sessions: dict[str, Session] = {}
        self._expiries: dict[str, Handle] = {}
        self._users: dict[int, tuple[Session, ...]] = {}
        """The oldest first."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def find(self, session_id: str) -> Session | None:
        """By id."""
        return self._sessions.get(session_id)

    def add(self, session: Session) -> None:
        """A session is ready."""
        self._sessions[session.id] = session
        self._users[session.user_id] = (*self._users.get(session.user_id, ()), session)

    def make_room(self, user_id: int, limit: int) -> bool:
        """Whether the user may have one more session; its oldest detached one makes room when there are too many."""
        sessions = self._users.get(user_id, ())
        if len(sessions) < limit:
            return True
        detached = next((session for session in sessions if session.connection is None), None)
        if detached is None:
            return False
        self.end(detached)
        return True

    def lose(self, session: Session) -> None:
        """The socket is gone; the session may be resumed for a while."""
        session.connection = None
        self._expiries[session.id] = self._call_later(self._resume_window_s, lambda: self.end(session))
        self._on_lost(session)

    def take(self, session: Session, connection: Connection | None) -> Connection | None:
        """Give the session to another connection; the one that it is taken from, if there still is one."""
        self._cancel_expiry(session)
        before, session.connection = session.connection, connection
        return before

    def end(self, session: Session) -> None:
        """The session is over. No error when it is already."""
        if session.is_ended:
            return
        session.is_ended = True
        session.connection = None
        self._cancel_expiry(session)
        self._sessions.pop(session.id, None)
        self._forget(session)
        for tell in self._on_ended:
            tell(session)

    def _forget(self, session: Session) -> None:
        sessions = self._users.get(session.user_id, ())
        if session not in sessions:  # it never became ready
            return
        at = sessions.index(session)
        left = sessions[:at] + sessions[at + 1 :]
        if left:
            self._users[session.user_id] = left
        else:
            del self._users[session.user_id]

    def revoke(self, session: Session) -> None:
        """The login that the session was made with ended."""
        connection = session.connection
        self.end(session)
        if connection is not None:
            connection.session = None
            connection.close(close_codes.AUTHENTICATION_FAILED)

    def close(self) -> None:
        """Stop the timers."""
        for timer in self._expiries.values():
            timer.cancel()
        self._expiries.clear()

    def _cancel_expiry(self, session: Session) -> None:
        timer = self._expiries.pop(session.id, None)
        if timer is not None:
            timer.cancel()
