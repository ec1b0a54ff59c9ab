"""The sessions of this process that others have claimed: their clients have come to another worker.

Nobody asks this process before, so that a client waits for no third party and a worker that hangs keeps no session. It
is told within a second, by the journal, and lets the session go. Until then it goes on with it, which harms nobody: the
client has left this connection, and what it is sent here and what it is sent there both come from the logs.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from core.domain.errors import Unavailable
from core.store.aggregates.session_journal import SessionJournal

_LOOK_S: Final = 1.0


class TakenSessions:
    __slots__ = ("_incarnation", "_journal", "_let_go", "_seen")

    def __init__(self, *, journal: SessionJournal, incarnation: str) -> None:
        self._incarnation = incarnation
        self._journal = journal
        self._let_go: Callable[[str], None] = lambda _session_id: None
        self._seen: list[str] = []
        """Those of the last look."""

    def hand_to(self, let_go: Callable[[str], None]) -> None:
        """Call `let_go` with the id of each session that was claimed, also if it is not here any more."""
        self._let_go = let_go

    async def run(self) -> None:
        """Look again and again, until cancelled; not at all where nobody else can claim anything."""
        while self._journal.is_shared:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Look once. What cannot be read now is read later."""
        try:
            self._seen = await self._journal.list_taken(self._incarnation, seen=self._seen)
        except Unavailable:
            return
        for session_id in self._seen:
            self._let_go(session_id)
