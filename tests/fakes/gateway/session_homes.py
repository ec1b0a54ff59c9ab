"""Homes of sessions that know what a test tells them."""

from collections.abc import Callable, Mapping

from gateway.homes.session_state import RestoreRefusal, SessionState
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session


class FakeSessionHomes:
    """The `SessionHomes` of tests."""

    def __init__(self) -> None:
        self.dispatched: dict[int, int] = {}
        """The positions."""
        self.states: dict[str, SessionState] = {}
        self.described: list[str] = []
        self.restored: list[tuple[str, SessionState, Mapping[int, int]]] = []
        self.on_restore: Callable[[Session], RestoreRefusal | None] = lambda _: None
        """Called at each restoring."""

    def describe(self, session: Seat) -> SessionState:
        self.described.append(session.id)
        return self.states.get(session.id, SessionState())

    def positions(self) -> Mapping[int, int]:
        return self.dispatched

    async def restore(
        self, session: Session, state: SessionState, positions: Mapping[int, int]
    ) -> RestoreRefusal | None:
        self.restored.append((session.id, state, dict(positions)))
        return self.on_restore(session)
