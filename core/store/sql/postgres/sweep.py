"""The sweep of the outbox: what a process has committed and not relayed, because it died or the log was away.

One process of the cluster sweeps at a time. Its lease is in Redis with those of the other jobs: without Redis there is
nothing to relay to, and two sweeps at once would do no harm, as a log takes each revision once.

A look compares the committed head of each shard with the newest revision in its log. A shard that was behind already at
the look before is relayed; all others have a committer who is on the way. Rows that the log has had for an hour are
purged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.errors import reason_of
from core.store.sql.postgres.outbox import LIFETIME_MS, Entries, Outbox, purge
from core.store.sql.postgres.relaying import Relay, Relaying
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_S: Final = 0.5
PURGE_S: Final = 60.0
_PURGED_ROWS: Final = 1_000
"""The rows of a shard that one transaction purges, a few milliseconds of its time."""
_RELAYED_ROWS: Final = 200
"""The rows that go to the log at once."""


class Writing(Protocol):
    """The part of the writer that runs a function as a transaction of its own."""

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Run the function and wait for the commit. Raises Unavailable."""


class OutboxSweep:
    """The job. `run` goes on beside the store of every API process."""

    __slots__ = ("_clock", "_count_events", "_heads", "_is_held", "_outbox", "_relay", "_relaying", "_writer")

    def __init__(
        self,
        *,
        outbox: Outbox,
        relay: Relay,
        relaying: Relaying,
        writer: Writing,
        is_held: Callable[[], bool],
        clock: Clock,
        count_events: Callable[[int], None] = lambda _events: None,
    ) -> None:
        """`is_held` tells whether this process has the job now; `count_events` gets the number of events that were
        relayed at once.
        """
        self._count_events = count_events
        self._outbox = outbox
        self._relay = relay
        self._relaying = relaying
        self._writer = writer
        self._is_held = is_held
        self._clock = clock
        self._heads: Sequence[int] = ()
        """The heads at the look before."""

    async def run(self) -> None:
        """Look every half second and purge every minute, while this process has the job, until cancelled."""
        purged_s = self._clock.monotonic_s()
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._is_held():
                self._heads = ()
                continue
            try:
                await self.look()
                if self._clock.monotonic_s() - purged_s >= PURGE_S:
                    purged_s = self._clock.monotonic_s()
                    await self.purge()
            except Unavailable as error:
                logger.warning("the outbox was not swept", extra={"reason": reason_of(error)})

    async def look(self) -> int:
        """Relay what was behind at the look before and still is; return the number of such shards.

        Raises:
            Unavailable: when a shard cannot be relayed; the others have been.
        """
        before, self._heads = self._heads, await self._outbox.heads()
        behind = 0
        failure: Unavailable | None = None
        for shard, (head, newest) in enumerate(zip(before, await self._relay.find_revisions(), strict=False)):
            if newest < head:
                behind += 1
                try:
                    await self._relay_shard(shard, newest, head)
                except Unavailable as error:
                    failure = error
        if behind:
            logger.info("events were swept into the logs", extra={"shards": behind})
        if failure is not None:
            raise failure
        return behind

    async def purge(self) -> None:
        """Delete the rows that the logs have had for an hour. Raises Unavailable."""
        older_than_ms = self._clock.now_ms() - LIFETIME_MS
        for shard, newest in enumerate(await self._relay.find_revisions()):

            async def work(db: Executor, shard: int = shard, newest: int = newest) -> tuple[int, Sequence[Envelope]]:
                return await purge(db, shard, upto=newest, older_than_ms=older_than_ms, limit=_PURGED_ROWS), ()

            while await self._writer.run_errand(work) == _PURGED_ROWS:
                pass

    async def _relay_shard(self, shard: int, newest: int, head: int) -> None:
        while newest < head:
            rows = await self._outbox.read(shard, after=newest, limit=_RELAYED_ROWS)
            if not rows:
                return
            envelopes = [envelope for _, envelope in rows]
            await self._relaying.relay(shard, Entries(rows[0][0], envelopes))
            self._count_events(len(envelopes))
            newest = rows[-1][0]
