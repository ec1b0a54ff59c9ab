"""The journal of the gateways' sessions: what a process must have left for others to go on with its sessions.

```
 incarnation a ─ cut 1 (whole) ─ cut 2 ─ cut 3 ─ … ─ killed
                  │ seqs, positions         records of its sessions: place, first cut, facts
 incarnation b ───┴── find a record ─ claim it ─ newest cut whose `seq` the client has ─ go on from its positions
```

An *incarnation* is one life of a gateway's process. Its sessions have *places*, small numbers that are given again
when a session has ended. A *cut* says of one moment which `seq` the session at each place had, and up to which
position of each shard everything had been dispatched to them. A cut names the places whose `seq` has changed since the
cut before; a whole one names all. A *record* says who a session is, and from which cut on it is as the record says. It
is written with that cut as one unit, so a record and a cut never contradict each other.

A record belongs to its holder, the incarnation that has the session. Another one claims it by comparing and setting
the holder, so of many that want it one gets it. From then on the former holder cannot write it. A claimed record still
points at the former holder's cuts, until its new holder has written a cut of its own with it. So a process that is
killed after a claim leaves what the next one needs.

The facts are the gateway's own; the journal does not read them.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Cut(msgspec.Struct, kw_only=True, frozen=True):
    incarnation: str
    number: int
    """Counts from 1 in each incarnation."""
    taken_ms: int
    """Unix time in milliseconds."""
    is_whole: bool
    """Whether it names every place that has a session."""
    positions: Mapping[int, int]
    """For each shard that has one the position up to which everything has been dispatched."""
    seqs: bytes
    """Pairs (place, `seq`) of unsigned ints of four bytes in native order, by ascending place."""


class SessionRecord(msgspec.Struct, kw_only=True, frozen=True):
    session_id: str
    user_id: int
    token_hash: bytes
    holder: str
    """The incarnation that has the session, or had it last."""
    incarnation: str
    """The incarnation whose cuts tell the session's `seq`: the holder, or an earlier one until the holder's first."""
    place: int
    first_cut: int
    """The number of the first cut for which the facts are true."""
    detached_ms: int
    """The Unix time when its socket was lost, in milliseconds; 0 while it has one."""
    facts: bytes


class SessionJournal(Protocol):
    """All methods raise Unavailable."""

    async def write(
        self, cut: Cut, *, records: Sequence[SessionRecord] = (), ended: Sequence[str] = (), keep_from: int = 0
    ) -> None:
        """Keep a cut, with the records that are as they are from this cut on, as one unit.

        The records of the sessions in `ended` go, and the incarnation's cuts before number `keep_from`. Records that
        another incarnation holds stay as they are.

        Raises:
            JournalLost: when cuts of the incarnation were written before and are gone. Nothing is kept then.
        """

    async def find(self, session_id: str) -> SessionRecord | None: ...

    async def claim(self, session_id: str, *, holder: str, by: str) -> bool:
        """Make `by` the holder of a record that `holder` has. Return whether it had it."""

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        """Return an incarnation's cuts before a number, by default all, with the newest first."""

    async def list_left(self, incarnation: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        """Return records that other incarnations hold, by ascending session id, after that of `after`."""

    async def drop_left(self, incarnation: str, *, limit: int = 2000) -> bool:
        """Forget records and cuts of other incarnations, some at a time. Return whether there may be more."""


class JournalLost(Exception):
    """What the incarnation has written before is gone, so it must write everything anew."""
