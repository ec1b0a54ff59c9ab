"""The table of sessions by id: it ends sessions, also those that have been detached for too long.

```
 reserve ─→ on its way to READY ──add──→ connected ──lose──→ detached ──resume_window_s──→ ended
                  │                         ↑  │               │
                  │                         └──┼────take───────┘
                  │                            ├──part (closed by the client)──→ parted ──LINGER_S──→ ended
                  └──end (the login fails)     └──end (auth session revoked)──→ ended
```

A user's sessions count from `reserve` on, so that logins at the same time cannot pass the limit.

A session that its client has closed cannot be resumed. If it was the user's last one it stays in its guilds for a
moment, since mostly the client comes back with a new session: the page is loaded again, the program starts anew. Nobody
else is told of that then (`gateway.users.user_directory`). A user has one such session at most, and it counts in no
limit.

Owns the table and the timers. The end of a session also detaches it from its guilds and its user.
"""

from collections.abc import Callable, Iterator, Sequence

from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session


class SessionTable:
    """`on_added`, `on_lost`, `on_parted` and `on_ended` take the session."""

    __slots__ = (
        "_call_later",
        "_expiries",
        "_linger_s",
        "_on_added",
        "_on_ended",
        "_on_lost",
        "_on_parted",
        "_parted",
        "_resume_window_s",
        "_sessions",
        "_users",
    )

    def __init__(
        self,
        *,
        resume_window_s: float,
        linger_s: float,
        call_later: CallLater,
        on_added: Callable[[Session], None],
        on_lost: Callable[[Session], None],
        on_parted: Sequence[Callable[[Session], None]],
        on_ended: Sequence[Callable[[Session], None]],
    ) -> None:
        self._call_later = call_later
        self._resume_window_s = resume_window_s
        self._linger_s = linger_s
        self._on_added = on_added
        self._on_lost = on_lost
        self._on_parted = on_parted
        self._on_ended = on_ended
        self._sessions: dict[str, Session] = {}
        self._expiries: dict[str, Handle] = {}
        self._users: dict[int, tuple[Session, ...]] = {}
        """The sessions of each user, the oldest first, with those that are on their way to READY."""
        self._parted: dict[int, Session] = {}
        """The parted session of each user."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def find(self, session_id: str) -> Session | None:
        """Find a session by its id."""
        return self._sessions.get(session_id)

    def sessions_of(self, user_id: int) -> Sequence[Session]:
        """Return a user's sessions, the oldest first, with those on their way to READY."""
        return self._users.get(user_id, ())

    def make_room(self, user_id: int, limit: int) -> bool:
        """Return whether the user may have one more session. At the limit the oldest detached one is ended."""
        sessions = self._users.get(user_id, ())
        if len(sessions) < limit:
            return True
        detached = next((each for each in sessions if each.connection is None and each.id in self._sessions), None)
        if detached is None:
            return False
        self.end(detached)
        return True

    def reserve(self, session: Session) -> None:
        """Count a session that is on its way to READY. It must be added or ended."""
        self._users[session.user_id] = (*self._users.get(session.user_id, ()), session)

    def add(self, session: Session) -> None:
        """Add a session that is ready, and whose place is reserved."""
        self._sessions[session.id] = session
        self._on_added(session)

    def lose(self, session: Session) -> None:
        """Detach a session whose socket is gone. It may be resumed for a while."""
        session.connection = None
        session.note_changed()
        self._expiries[session.id] = self._call_later(self._resume_window_s, lambda: self.end(session))
        self._on_lost(session)

    def take(self, session: Session, connection: Connection | None) -> Connection | None:
        """Give the session to another connection. Return the one before, if there was one."""
        self._cancel_expiry(session)
        before, session.connection = session.connection, connection
        session.note_changed()
        return before

    def part(self, session: Session) -> None:
        """End a session that its client has closed, at once or after a while. It cannot be resumed any more."""
        before = self._parted.get(session.user_id)
        if before is not None:
            self.end(before)
        if len(self._users[session.user_id]) > 1 or not self._linger_s:
            self.end(session)
            return
        session.connection = None
        session.note_changed()
        self._sessions.pop(session.id, None)
        self._forget(session)
        self._parted[session.user_id] = session
        self._cancel_expiry(session)
        self._expiries[session.id] = self._call_later(self._linger_s, lambda: self.end(session))
        for tell in self._on_parted:
            tell(session)

    def end(self, session: Session) -> None:
        """End a session, also one on its way to READY. No error when it has ended already."""
        if session.is_ended:
            return
        session.is_ended = True
        session.connection = None
        self._cancel_expiry(session)
        self._sessions.pop(session.id, None)
        if self._parted.get(session.user_id) is session:
            del self._parted[session.user_id]
        else:
            self._forget(session)
        for tell in self._on_ended:
            tell(session)

    def _forget(self, session: Session) -> None:
        sessions = self._users[session.user_id]
        at = sessions.index(session)
        left = sessions[:at] + sessions[at + 1 :]
        if left:
            self._users[session.user_id] = left
        else:
            del self._users[session.user_id]

    def invalidate(self, session: Session) -> None:
        """End a session that may have missed something, and have its client identify anew (op 9)."""
        connection = session.connection
        self.end(session)
        if connection is not None:
            connection.session = None
            connection.send(Opcode.INVALID_SESSION, d=False)

    def let_go(self, session_id: str) -> None:
        """End a session that another worker has, and close the connection that its client has left. None is no error.

        A client that has not left it comes back, and gets its session from the other worker.
        """
        session = self._sessions.get(session_id)
        if session is None:
            return
        connection = session.connection
        session.is_claimed = True
        self.end(session)
        if connection is not None:
            connection.session = None
            connection.close(close_codes.SESSION_TIMED_OUT)

    def revoke(self, session: Session) -> None:
        """End a session whose auth session was revoked, and close its connection."""
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
