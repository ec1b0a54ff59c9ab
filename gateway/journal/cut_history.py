"""The cuts of an incarnation that has ended, and the search for the one that a session can go on from.

A client says which dispatch it has, `seq`. The session goes on from the newest cut at which its own `seq` was no
higher: nothing that its client lacks had been dispatched by then. A cut names only the places whose `seq` had changed,
so the search goes from the newest cut back. At an entry it knows the `seq` of all cuts from there to the last one that
it has passed:

    cut      7        8        9       10        client has 120
    entry   118       –       125       –        → at 9 and 10 the session was at 125; at 8, still at 118: cut 8

Cuts are read from the journal some at a time, when a search comes to them, and kept: after a restart all clients
search at once, nearly all of them in the newest ones.

Owns the cuts that were read.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

from core.store.aggregates.session_journal import Cut, SessionJournal
from gateway.events.session_positions import SessionPositions

_READ_AT_ONCE: Final = 32
"""The cuts of one read: half a minute, which reaches back to a whole one."""


class FoundCut(NamedTuple):
    number: int
    positions: Mapping[int, int]
    """The session's."""
    seq: int
    """The session's at the cut, no higher than the client's."""


class CutHistory:
    __slots__ = ("_cuts", "_incarnation", "_is_complete", "_journal", "_reading")

    def __init__(self, *, journal: SessionJournal, incarnation: str) -> None:
        self._journal = journal
        self._incarnation = incarnation
        self._cuts: list[_ReadCut] = []
        self._is_complete = False
        self._reading = asyncio.Lock()

    async def find(self, place: int, *, first_cut: int, last_cut: int, seq: int) -> FoundCut | None:
        """Return the newest cut from `first_cut` to `last_cut` at which the session was at `seq` or before.

        None means that there is no such cut. Raises Unavailable.
        """
        newest: _ReadCut | None = None
        async for cut in self._walk_back():
            if cut.number < first_cut:
                break
            if cut.number > last_cut:
                continue
            newest = newest or cut
            known = cut.find_seq(place)
            if known is not None and known <= seq:
                return FoundCut(newest.number, newest.positions.find(place), known)
            if known is not None:
                newest = None
        return None

    async def _walk_back(self) -> AsyncIterator["_ReadCut"]:
        at = 0
        while True:
            if at == len(self._cuts) and not await self._read_more(at):
                return
            yield self._cuts[at]
            at += 1

    async def _read_more(self, known: int) -> bool:
        """Read older cuts, unless another search has read them since. Return whether there are more than `known`."""
        async with self._reading:
            if len(self._cuts) == known and not self._is_complete:
                before = self._cuts[-1].number if self._cuts else None
                cuts = await self._journal.list_cuts(self._incarnation, before=before, limit=_READ_AT_ONCE)
                self._is_complete = len(cuts) < _READ_AT_ONCE
                self._cuts.extend(_ReadCut(cut) for cut in cuts)
        return len(self._cuts) > known


class _ReadCut:
    __slots__ = ("_pairs", "number", "positions")

    def __init__(self, cut: Cut) -> None:
        self.number = cut.number
        self.positions = SessionPositions(cut.positions)
        self._pairs = memoryview(cut.seqs).cast("I")

    def find_seq(self, place: int) -> int | None:
        """Return the `seq` that the cut names for a place, if it does."""
        pairs = self._pairs
        at = bisect_left(range(len(pairs) // 2), place, key=lambda index: pairs[2 * index])
        return pairs[2 * at + 1] if 2 * at < len(pairs) and pairs[2 * at] == place else None
