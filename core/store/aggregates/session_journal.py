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

Where several processes write at the same time, a session may be claimed whose holder lives: its client has come to
another worker. Then the holder goes on with it until it is told (`list_taken`), and what its cuts say meanwhile is not
what the client got. So a claimed record counts no cut after the one that the claim went on from.

The facts are the gateway's own; the journal does not read them.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

ANY_CUT: Final = (1 << 62) - 1
"""A number that no cut comes to."""


class Cut(msgspec.Struct, kw_only=True, frozen=True):
    incarnation: str
    number: int
    """Counts from 1 in each incarnation."""
    taken_ms: int
    """Unix time in milliseconds."""
    is_whole: bool
    """Whether it names every place that has a session."""
    positions: Mapping[int, int]
    """For each shard that has one the position up to which everything has been dispatched. Keys below 0 are the
    gateway's own (`gateway.events.log_progress`).
    """
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
    last_cut: int = ANY_CUT
    """The number of the last cut that counts for it. It is kept by a journal that several processes write to."""


class SessionJournal(Protocol):
    """All methods raise Unavailable."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes write to it at the same time. If not, all other incarnations have ended."""

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

    async def claim(self, session_id: str, *, holder: str, by: str, last_cut: int) -> bool:
        """Make `by` the holder of a record that `holder` has. Return whether it had it.

        No cut after `last_cut` counts for it, until `by` has written the record. A holder that lives is told of it.
        """

    async def list_taken(self, incarnation: str, *, seen: Sequence[str]) -> list[str]:
        """Return the sessions that others have claimed of an incarnation that lives, except for those in `seen`.

        `seen` are those of the last answer, which are never returned again.
        """

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        """Return an incarnation's cuts before a number, by default all, with the newest first."""

    async def list_ended(self, incarnation: str) -> list[str]:
        """Return the other incarnations whose lives are over, and of which something is left."""

    async def take_charge(self, ended: str, *, by: str) -> bool:
        """Return whether `by` is the one who tells others of an end: the first who asks."""

    async def list_left(self, ended: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        """Return records that an incarnation holds, by ascending session id, after that of `after`."""

    async def drop_left(self, ended: str, *, limit: int = 2000) -> bool:
        """Forget records and cuts of an incarnation, some at a time. Return whether there may be more."""


class JournalLost(Exception):
    """What the incarnation has written before is gone, so it must write everything anew."""
