"""A journal of sessions in memory. Its contract suite is that of the real ones."""

from collections.abc import Sequence

import msgspec

from core.domain.errors import Unavailable
from core.shards.incarnations import process_of
from core.store.aggregates.session_journal import ANY_CUT, Cut, JournalLost, SessionRecord


class MemoryJournal:
    """A `SessionJournal`. A test makes it fail with `is_down`, and lose everything with `lose`.

    Where it is shared, the lives of workers that have their leases live.
    """

    def __init__(self, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        self.leases: dict[str, str] = {}
        """The life that has the lease of each worker."""
        self.taken: dict[str, set[str]] = {}
        self.charges: dict[str, str] = {}
        self.records: dict[str, SessionRecord] = {}
        self.cuts: dict[str, list[Cut]] = {}
        self.is_down = False
        self.reads = 0
        """The number of times that cuts were read."""
        self._is_lost = False

    async def hold_lease(self, worker: str, incarnation: str) -> None:
        """Let a life of a worker have its lease."""
        self.leases[worker] = process_of(incarnation)

    def lose(self) -> None:
        """Lose everything."""
        self.records.clear()
        self.cuts.clear()
        self._is_lost = True

    async def write(
        self, cut: Cut, *, records: Sequence[SessionRecord] = (), ended: Sequence[str] = (), keep_from: int = 0
    ) -> None:
        self._check()
        if self._is_lost:
            self._is_lost = False
            raise JournalLost
        kept = [each for each in self.cuts.get(cut.incarnation, []) if each.number >= keep_from]
        self.cuts[cut.incarnation] = [*kept, cut]
        for record in records:
            if self._is_held(record.session_id, record.holder):
                self.records[record.session_id] = record
        for session_id in ended:
            if self._is_held(session_id, cut.incarnation):
                self.records.pop(session_id, None)

    async def find(self, session_id: str) -> SessionRecord | None:
        self._check()
        return self.records.get(session_id)

    async def claim(self, session_id: str, *, holder: str, by: str, last_cut: int) -> bool:
        self._check()
        record = self.records.get(session_id)
        if record is None or record.holder != holder:
            return False
        kept = last_cut if self.is_shared else ANY_CUT
        self.records[session_id] = msgspec.structs.replace(record, holder=by, last_cut=kept)
        self.taken.setdefault(by, set()).discard(session_id)
        if self.is_shared and holder != by:
            self.taken.setdefault(holder, set()).add(session_id)
        return True

    async def list_taken(self, incarnation: str, *, seen: Sequence[str]) -> list[str]:
        self._check()
        taken = self.taken.get(incarnation, set())
        taken -= set(seen)
        return sorted(taken)

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        self._check()
        self.reads += 1
        cuts = [cut for cut in self.cuts.get(incarnation, []) if before is None or cut.number < before]
        return cuts[::-1][:limit]

    async def list_ended(self, incarnation: str) -> list[str]:
        self._check()
        known = {record.holder for record in self.records.values()} | self.cuts.keys()
        return sorted(known - {incarnation} - set(self.leases.values()))

    async def take_charge(self, ended: str, *, by: str) -> bool:
        self._check()
        return not self.is_shared or self.charges.setdefault(ended, by) == by

    async def list_left(self, ended: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        self._check()
        left = [each for each in self.records.values() if each.holder == ended and each.session_id > after]
        return sorted(left, key=lambda record: record.session_id)[:limit]

    async def drop_left(self, ended: str, *, limit: int = 2000) -> bool:
        left = await self.list_left(ended, limit=limit)
        for record in left:
            del self.records[record.session_id]
        if len(left) < limit:
            self.cuts.pop(ended, None)
            self.charges.pop(ended, None)
        return len(left) == limit

    def _is_held(self, session_id: str, holder: str) -> bool:
        record = self.records.get(session_id)
        return record is None or record.holder == holder

    def _check(self) -> None:
        if self.is_down:
            raise Unavailable("the journal is down")
