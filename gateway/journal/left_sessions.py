"""The sessions that other incarnations have left: who may have one, and from where on it goes.

A process that is killed says nothing, so nobody knows when that was. Its sessions wait for `resume_window_s` from the
moment when it is found to be dead, and those that were detached already for the rest of their time. Then all that is
left goes. Where the journal is not shared, all other incarnations were dead at the beginning.

In a cluster a client may also come whose session is held by a worker that lives. It gets it all the same: the holder is
told, and lets the session go (`gateway.journal.taken_sessions`).

Owns the cuts that were read of each incarnation, and since when incarnations are known to be dead.
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

_LOOK_S: Final = 1.0
"""The time between looks for incarnations that have ended. Cuts of one that may live are read again after that time."""


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
        "_cuts",
        "_ended_ms",
        "_has_looked",
        "_incarnation",
        "_journal",
        "_resume_window_s",
        "_seen_ms",
    )

    def __init__(self, *, journal: SessionJournal, incarnation: str, clock: Clock, resume_window_s: float) -> None:
        self._clock = clock
        self._incarnation = incarnation
        self._journal = journal
        self._resume_window_s = resume_window_s
        self._began_ms = clock.now_ms()
        self._cuts: dict[str, tuple[CutHistory, int]] = {}
        """The cuts of incarnations, and when they were read."""
        self._ended_ms: dict[str, int] = {}
        """The incarnations that have ended, and since when that is known."""
        self._has_looked = False
        self._seen_ms: dict[str, int] = {}
        """The times of the newest cuts of incarnations."""

    @property
    def are_gone(self) -> bool:
        """Whether nothing is left and nothing will be, so that nobody gets any."""
        return self._has_looked and not self._ended_ms and not self._journal.is_shared

    @property
    def may_be_taken(self) -> bool:
        """Whether other processes may claim the sessions that this one has."""
        return self._journal.is_shared

    async def is_held(self, session_id: str) -> bool:
        """Return whether no other process has claimed a session that this one has. Raises Unavailable."""
        record = await self._journal.find(session_id)
        # What has no record yet cannot be claimed.
        return record is None or record.holder == self._incarnation

    async def claim(self, session_id: str, *, token_hash: bytes, seq: int) -> LeftSession | LeftRefusal:
        """Take a session over for a client that has its dispatches up to `seq`.

        No other process gets it then. This one gets it again until it has written a cut with it, because it may have
        failed to go on with it. Whoever calls this twice at the same time gets it twice.

        Raises:
            Unavailable: when the journal cannot be read or written.
        """
        own = self._incarnation
        record = await self._journal.find(session_id)
        if record is None or record.token_hash != token_hash or record.holder == record.incarnation == own:
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
        if not await self._journal.claim(session_id, holder=record.holder, by=own, last_cut=cut.number):
            return LeftRefusal.CLAIMED
        return LeftSession(facts, cut.positions)

    def list_ended(self, *, for_s: float) -> list[str]:
        """Return the incarnations that have been known for so long to have ended, and of which something is left."""
        since_ms = self._clock.now_ms() - for_s * 1000
        return [ended for ended, at_ms in self._ended_ms.items() if at_ms <= since_ms or not self._journal.is_shared]

    async def take_charge(self, ended: str) -> bool:
        """Return whether this process is the one that tells others of an end. Raises Unavailable."""
        return await self._journal.take_charge(ended, by=self._incarnation)

    async def list_records(self, ended: str) -> AsyncIterator[SessionRecord]:
        """Return the records of sessions of an incarnation that nobody has claimed. Raises Unavailable."""
        after = ""
        while records := await self._journal.list_left(ended, after=after):
            for record in records:
                yield record
            after = records[-1].session_id

    async def find_end_ms(self, record: SessionRecord) -> int:
        """Return when a session that nobody has claimed is known to have been connected last. Raises Unavailable."""
        if record.detached_ms:
            return record.detached_ms
        if record.incarnation not in self._seen_ms:
            cuts = await self._journal.list_cuts(record.incarnation, limit=1)
            self._seen_ms[record.incarnation] = cuts[0].taken_ms if cuts else self._began_ms
        return self._seen_ms[record.incarnation]

    async def run(self) -> None:
        """Look for incarnations that have ended, and drop what is left of them when its time is over."""
        while not self.are_gone:
            try:
                await self.look()
            except Unavailable:
                logger.warning("records of sessions that are left could not be read or dropped; that is repeated later")
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Look once. Raises Unavailable."""
        if self._journal.is_shared or not self._has_looked:
            ended, now_ms = await self._journal.list_ended(self._incarnation), self._clock.now_ms()
            first_ms = now_ms if self._journal.is_shared else self._began_ms
            self._ended_ms = {each: self._ended_ms.get(each, first_ms) for each in ended}
            self._has_looked = True
            self._forget_cuts(now_ms - _LOOK_S * 1000)
        for each, at_ms in list(self._ended_ms.items()):
            if self._is_over(at_ms):
                await self._drop(each)

    def _forget_cuts(self, until_ms: float) -> None:
        """Forget cuts that are read again if need be."""
        for each, (_, read_ms) in list(self._cuts.items()):
            if self._may_live(each) and read_ms < until_ms:
                del self._cuts[each]

    async def _drop(self, ended: str) -> None:
        self._cuts.pop(ended, None)
        self._seen_ms.pop(ended, None)
        while await self._journal.drop_left(ended):
            pass
        del self._ended_ms[ended]

    async def _find_cut(self, record: SessionRecord, seq: int) -> FoundCut | None:
        """Find the cut to go on from. What was read of cuts while more came may be used again for a moment only."""
        history, read_ms = self._cuts.get(record.incarnation, (None, 0))
        if history is not None and read_ms >= self._find_end_of(record.incarnation) - _LOOK_S * 1000:
            found = await self._search(history, record, seq)
            if found is not None or not self._may_live(record.incarnation):
                return found
        history = CutHistory(journal=self._journal, incarnation=record.incarnation)
        self._cuts[record.incarnation] = history, self._clock.now_ms()
        return await self._search(history, record, seq)

    async def _search(self, history: CutHistory, record: SessionRecord, seq: int) -> FoundCut | None:
        return await history.find(record.place, first_cut=record.first_cut, last_cut=record.last_cut, seq=seq)

    def _find_end_of(self, incarnation: str) -> int:
        """Return when an incarnation is known to have ended: now, when it may still live."""
        if self._may_live(incarnation):
            return self._clock.now_ms()
        return self._ended_ms.get(incarnation, self._began_ms)

    def _may_live(self, incarnation: str) -> bool:
        return self._journal.is_shared and incarnation not in self._ended_ms

    def _is_expired(self, record: SessionRecord) -> bool:
        return self._is_over(record.detached_ms or self._find_end_of(record.holder))

    def _is_over(self, since_ms: int) -> bool:
        return self._clock.now_ms() - since_ms > self._resume_window_s * 1000
