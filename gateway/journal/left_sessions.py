"""The sessions that earlier incarnations have left: who may have one, and from where on it goes.

A process that is killed says nothing, so the next one cannot know when that was. It gives the sessions
`resume_window_s` from its own beginning, and those that were detached already the rest of their time. Then all that is
left goes.

Owns the cuts that were read of each incarnation.
"""

import asyncio
import enum
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.store.aggregates.session_journal import SessionJournal, SessionRecord
from gateway.journal.cut_history import CutHistory, FoundCut
from gateway.journal.session_facts import SessionFacts, find_facts

logger = logging.getLogger(__name__)

MAX_AHEAD: Final = 100_000
"""The most dispatches of one session between two cuts: far more than a client can read in that time."""

_RETRY_S: Final = 10.0
"""The time after which what is left is dropped, when the journal could not be written."""


class LeftRefusal(enum.StrEnum):
    """The reason why a session is not given out. The value is a metric's label."""

    UNKNOWN = "unknown"
    """There is no such session, it is another's, or it has ended."""
    EXPIRED = "expired"
    """It was not resumed in time."""
    UNREADABLE = "unreadable"
    """Another version of the server has written it."""
    NO_CUT = "no_cut"
    """No cut is old enough for what the client has."""
    INVALID_SEQ = "invalid_seq"
    """The client says that it has dispatches that cannot have been sent."""
    CLAIMED = "claimed"
    """Another process has been quicker."""


class LeftSession(msgspec.Struct, frozen=True):
    """A session that this incarnation has claimed."""

    facts: SessionFacts
    positions: Mapping[int, int]
    """The positions up to which its client has been dispatched everything."""


class LeftSessions:
    __slots__ = (
        "_began_ms",
        "_clock",
        "_ends_ms",
        "_histories",
        "_incarnation",
        "_journal",
        "_resume_window_s",
        "are_gone",
    )

    def __init__(self, *, journal: SessionJournal, incarnation: str, clock: Clock, resume_window_s: float) -> None:
        self._clock = clock
        self._incarnation = incarnation
        self._journal = journal
        self._resume_window_s = resume_window_s
        self._began_ms = clock.now_ms()
        self._histories: dict[str, CutHistory] = {}
        self._ends_ms: dict[str, int] = {}
        """The times of the newest cuts of incarnations."""
        self.are_gone = False
        """Whether their time is over, so that nobody gets any."""

    async def claim(self, session_id: str, *, token_hash: bytes, seq: int) -> LeftSession | LeftRefusal:
        """Take a session over for a client that has its dispatches up to `seq`.

        No other process gets it then. This one gets it again until it has written a cut with it, because it may have
        failed to go on with it. Whoever calls this twice at the same time gets it twice.

        Raises:
            Unavailable: when the journal cannot be read or written.
        """
        record = await self._journal.find(session_id)
        if record is None or record.token_hash != token_hash or record.incarnation == self._incarnation:
            return LeftRefusal.UNKNOWN
        if self._is_expired(record):
            return LeftRefusal.EXPIRED
        facts = find_facts(record)
        if facts is None:
            return LeftRefusal.UNREADABLE
        cut = await self._find_cut(record, seq)
        if cut is None:
            return LeftRefusal.NO_CUT
        if seq - cut.seq > MAX_AHEAD:
            return LeftRefusal.INVALID_SEQ
        if not await self._journal.claim(session_id, holder=record.holder, by=self._incarnation):
            return LeftRefusal.CLAIMED
        return LeftSession(facts, cut.positions)

    async def list_records(self) -> AsyncIterator[SessionRecord]:
        """Return the records of sessions that nobody has claimed. Raises Unavailable."""
        after = ""
        while records := await self._journal.list_left(self._incarnation, after=after):
            for record in records:
                yield record
            after = records[-1].session_id

    async def find_end_ms(self, record: SessionRecord) -> int:
        """Return when a session that nobody has claimed is known to have been connected last. Raises Unavailable."""
        if record.detached_ms:
            return record.detached_ms
        if record.incarnation not in self._ends_ms:
            cuts = await self._journal.list_cuts(record.incarnation, limit=1)
            self._ends_ms[record.incarnation] = cuts[0].taken_ms if cuts else self._began_ms
        return self._ends_ms[record.incarnation]

    async def run(self) -> None:
        """Drop what is left when its time is over."""
        await asyncio.sleep(self._resume_window_s)
        while not await self._drop():  # noqa: ASYNC110 - there is nothing that could set an event
            await asyncio.sleep(_RETRY_S)

    async def _drop(self) -> bool:
        """Drop what is left. Return whether that was possible."""
        self.are_gone = True
        self._histories.clear()
        self._ends_ms.clear()
        try:
            while await self._journal.drop_left(self._incarnation):
                pass
        except Unavailable:
            logger.warning("old records of sessions could not be dropped; that is repeated later")
            return False
        return True

    async def _find_cut(self, record: SessionRecord, seq: int) -> FoundCut | None:
        history = self._histories.get(record.incarnation)
        if history is None:
            history = CutHistory(journal=self._journal, incarnation=record.incarnation)
            self._histories[record.incarnation] = history
        return await history.find(record.place, first_cut=record.first_cut, seq=seq)

    def _is_expired(self, record: SessionRecord) -> bool:
        since_ms = record.detached_ms or self._began_ms
        return self._clock.now_ms() - since_ms > self._resume_window_s * 1000
