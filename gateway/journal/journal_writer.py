"""The writer of the journal: each second one cut, with the records of the sessions that have changed.

A cut is taken in one turn of the loop, so it is of one moment: `seq` of every session, the positions that the homes
have dispatched, and what the homes know of the sessions whose records are out of date. It is written later. A kernel
walks over the tracks, and only sessions that have moved, or whose clients have said something, are described. When
nothing has happened, nothing is written, and when sessions have come, the next cut is taken sooner.

    session ─ note_moved, note_changed ─→ out of date ─┐
    tracks ─ collect_seqs ─────────────────────────────┼─ take ─→ cut and records ─ write ─→ journal
    homes ─ positions, describe ───────────────────────┘            ↑ each second, and at the end

Describing a crowd that logs in would hold up the loop. So sessions are described ahead, some at a time between the
cuts, and a description holds until the session changes again. The cut itself describes those that are left.

A session that has moved between two cuts is described with the later one, and is in that even if its `seq` is as
before. If it is in other guilds then, cuts before that do not count for it any more: what the record says and what a
cut says are of one moment. A guild that has another home now is the same guild. A cut that could not be written is made
up for by the next one, which is whole then.

Owns the places of sessions, what of them was noted last, and the number of the newest cut.
"""

import asyncio
import logging
from array import array
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.store.aggregates.session_journal import Cut, JournalLost, SessionJournal, SessionRecord
from core_ext.delivery import Track, collect_seqs
from gateway.homes.session_state import SessionHomes
from gateway.journal.session_facts import Description, describe_session
from gateway.sessions.session import Session

logger = logging.getLogger(__name__)

CUT_GAP_S: Final = 1.0
"""The time between cuts. What is dispatched after the last one is dispatched once more after a resume."""

_SOON: Final = 4
"""The steps after a cut until the next one when sessions have come: a fifth of a second. Without a cut they are lost
with the process; more cuts would cost a storm of logins too much."""

WHOLE_GAP_S: Final = 30.0
"""The time between whole cuts, which hold eight bytes a session. A search has to go back to one at most."""

_STEPS: Final = 20
"""The times between two cuts at which sessions are described ahead."""

_DESCRIBED_AT_ONCE: Final = 100
"""The sessions of such a step: it takes two milliseconds, and the steps of a second are as many as log in in one."""

_UNKNOWN: Final = b"\xff\xff\xff\xff"
"""A noted `seq` that no session has."""


class _Taken(msgspec.Struct, frozen=True):
    """A cut that is to be written, with its records."""

    cut: Cut
    records: list[SessionRecord]
    changed: dict[Session, bool]
    """The sessions of the records, and whether each has moved."""
    ended: list[str]


class JournalWriter:
    __slots__ = (
        "_changed",
        "_clock",
        "_ended",
        "_facts",
        "_first_cuts",
        "_free",
        "_guilds",
        "_has_come",
        "_homes",
        "_incarnation",
        "_is_behind",
        "_is_stopped",
        "_journal",
        "_metrics",
        "_noted",
        "_number",
        "_positions",
        "_resume_window_s",
        "_sessions",
        "_tracks",
        "_unwritten",
        "_wholes",
        "_writing",
    )

    def __init__(
        self,
        *,
        journal: SessionJournal,
        homes: SessionHomes,
        incarnation: str,
        clock: Clock,
        resume_window_s: float,
        metrics: Metrics,
    ) -> None:
        """`incarnation` names this life of the process; no other one has had the name."""
        self._clock = clock
        self._homes = homes
        self._incarnation = incarnation
        self._journal = journal
        self._metrics = metrics
        self._resume_window_s = resume_window_s
        self._changed: dict[Session, bool] = {}
        self._ended: dict[str, None] = {}
        """The sessions whose records are to go."""
        self._facts: dict[Session, Description] = {}
        """The changed sessions that are described already."""
        self._tracks: list[Track | None] = []
        self._sessions: list[Session | None] = []
        self._unwritten: list[Session] = []
        """The sessions whose records were lost with the journal. They are written again some at a time."""
        self._noted = bytearray()
        self._first_cuts = array("q")
        self._guilds = array("q")
        """For each place what the last record says of guilds (`Description.guilds`), 0 when there is none."""
        self._free: list[int] = []
        self._number = 0
        self._positions: dict[int, int] = {}
        self._wholes: deque[tuple[int, float]] = deque()
        """Numbers and times of the whole cuts that are kept."""
        self._writing = asyncio.Lock()
        self._is_behind = True
        """Whether the next cut must be whole, because there was none or because the last one could not be written."""
        self._is_stopped = False
        self._has_come = False
        """Whether a session has come that no cut has yet."""

    def __len__(self) -> int:
        return len(self._tracks) - len(self._free)

    def add(self, session: Session) -> None:
        """Give a session that is READY or restored a place. It can be resumed elsewhere from the next cut on."""
        if self._free:
            place = self._free.pop()
            self._tracks[place], self._sessions[place], self._guilds[place] = session.track, session, 0
        else:
            place = len(self._tracks)
            self._tracks.append(session.track)
            self._sessions.append(session)
            self._noted += _UNKNOWN
            self._first_cuts.append(0)
            self._guilds.append(0)
        self._has_come = True
        self._ended.pop(session.id, None)  # it may have been here before, and elsewhere since
        session.place, session.follower = place, self
        session.note_moved()

    def drop(self, session: Session) -> None:
        """Take back the place of a session that has ended. No error when it has none."""
        if session.place < 0:
            return
        place, session.place, session.follower = session.place, -1, None
        self._tracks[place] = self._sessions[place] = None
        self._free.append(place)
        self._changed.pop(session, None)
        self._facts.pop(session, None)
        self.forget(session.id)

    def forget(self, session_id: str) -> None:
        """Have the record of a session go that this incarnation holds, with the next cut."""
        self._ended[session_id] = None

    async def run(self) -> None:
        """Write a cut each second, and soon when sessions have come, until cancelled."""
        while True:
            for step in range(1, _STEPS + 1):
                await asyncio.sleep(CUT_GAP_S / _STEPS)
                self.describe_some()
                if self._has_come and step >= _SOON:
                    break
            await self.write()

    def describe_some(self) -> None:
        """Describe some of the sessions that have changed since they were described."""
        for session in self._unwritten[-_DESCRIBED_AT_ONCE:]:
            if session.place >= 0:
                self.note(session, has_moved=True)
        del self._unwritten[-_DESCRIBED_AT_ONCE:]
        waiting = (session for session in self._changed if session not in self._facts)
        for session in list(islice(waiting, _DESCRIBED_AT_ONCE)):
            self._facts[session] = self._describe(session)

    def stop(self) -> None:
        """Take no cut any more. One that is taken already is written."""
        self._is_stopped = True

    async def write(self, *, before: Callable[[], None] | None = None) -> None:
        """Take a cut and write it, if something has happened since the last one. A failure is logged.

        `before` is called in the same turn of the loop, so that the cut is of the moment after it.
        """
        async with self._writing:
            if not self._is_stopped:
                if before is not None:
                    before()
                await self._write()

    async def _write(self) -> None:
        taken = self._take()
        if taken is None:
            return
        keep_from = self._wholes[0][0] if taken.cut.is_whole else 0
        try:
            await self._journal.write(taken.cut, records=taken.records, ended=taken.ended, keep_from=keep_from)
        except Unavailable:
            logger.warning("a cut could not be written", extra={"cut": taken.cut.number})
            self._make_up_for(taken)
        except JournalLost:
            logger.warning("the journal of sessions is lost, and written anew", extra={"cut": taken.cut.number})
            self._make_up_for(taken)
            self._unwritten = [session for session in self._sessions if session is not None]
            self._guilds = array("q", bytes(8 * len(self._sessions)))
        except BaseException:
            self._make_up_for(taken)
            raise

    def note(self, session: Session, *, has_moved: bool) -> None:
        """Describe a session anew with the next cut."""
        self._facts.pop(session, None)
        self._changed[session] = has_moved or self._changed.get(session, False)

    # -- a cut

    def _take(self) -> _Taken | None:
        began_s = self._clock.monotonic_s()
        self._has_come = False
        changed, self._changed = self._changed, {}
        ended, self._ended = list(self._ended), {}
        positions = dict(self._homes.positions())
        for session, has_moved in changed.items():
            if has_moved:
                self._forget_noted(session.place)
        seqs = collect_seqs(self._tracks, self._noted)
        if not (seqs or changed or ended or self._is_behind or positions != self._positions):
            return None
        is_whole = self._is_behind or began_s - self._wholes[-1][1] >= WHOLE_GAP_S
        if is_whole:
            self._noted[:] = _UNKNOWN * len(self._tracks)
            seqs = collect_seqs(self._tracks, self._noted)
        self._number += 1
        self._positions = positions
        self._is_behind = False
        self._keep(began_s, is_whole=is_whole)
        records = [self._make_record(session, has_moved=has_moved) for session, has_moved in changed.items()]
        self._facts.clear()
        cut = Cut(
            incarnation=self._incarnation,
            number=self._number,
            taken_ms=self._clock.now_ms(),
            is_whole=is_whole,
            positions=positions,
            seqs=seqs,
        )
        self._metrics.connections.session_cut_seconds.observe(self._clock.monotonic_s() - began_s)
        return _Taken(cut, records, changed, ended)

    def _forget_noted(self, place: int) -> None:
        """Have the next cut name a place."""
        self._noted[place * 4 : place * 4 + 4] = _UNKNOWN

    def _keep(self, now_s: float, *, is_whole: bool) -> None:
        """Note a whole cut, and let go of those that nobody needs: of those from before the window, all but one."""
        if is_whole:
            self._wholes.append((self._number, now_s))
        while len(self._wholes) > 1 and self._wholes[1][1] <= now_s - self._resume_window_s:
            self._wholes.popleft()

    def _make_record(self, session: Session, *, has_moved: bool) -> SessionRecord:
        described = self._facts.get(session) or self._describe(session)
        if has_moved and self._guilds[session.place] != described.guilds:
            self._first_cuts[session.place] = self._number
        self._guilds[session.place] = described.guilds
        return SessionRecord(
            session_id=session.id,
            user_id=session.user_id,
            token_hash=session.profile.token_hash,
            holder=self._incarnation,
            incarnation=self._incarnation,
            place=session.place,
            first_cut=self._first_cuts[session.place],
            detached_ms=0 if session.connection is not None else self._clock.now_ms(),
            facts=described.facts,
        )

    def _describe(self, session: Session) -> Description:
        return describe_session(session.profile, self._homes.describe(session))

    def _make_up_for(self, taken: _Taken) -> None:
        """Have the next cut say what this one, which is lost, was to say."""
        self._is_behind = True
        come_back = {session.id for session in self._changed}
        self._ended |= dict.fromkeys(each for each in taken.ended if each not in come_back)
        for session, has_moved in taken.changed.items():
            if session.place >= 0:
                self.note(session, has_moved=has_moved)
                self._guilds[session.place] = 0
