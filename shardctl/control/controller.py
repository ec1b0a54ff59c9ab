"""The controller: it looks at the cluster, decides (`shardctl.control.decisions`), and writes the shard map.

```
 each look: map, workers ─→ lease held? ─ no ─→ stand by
                               │ yes
                        the term of this lease ─→ wishes ─→ decide ─→ write
```

One controller leads, by the lease of the job; the others look as well, so that they know at once what to do when it is
their turn. Each time it gets the lease it begins a *term*, with a number from PostgreSQL. Redis refuses whoever writes
in an earlier term, so a leader that was paused does no harm when it wakes.

Without PostgreSQL a term that has begun goes on, with the wishes as they were. Without Redis nothing is decided.
"""

import asyncio
import logging
from typing import Final, Protocol

import msgspec

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.jobs import JobLease
from core.runtime.clock import Clock
from core.runtime.settings.settings import ShardSettings
from core.shards.interfaces import PlacementWishes
from core.shards.map_reader import fetch_map, fetch_workers
from core.shards.map_writer import Change, MapWriter, TermOver
from core.shards.shard_map import EMPTY, ShardMap, Wishes
from core.shards.worker import Worker
from shardctl.control.contact import Contact
from shardctl.control.decisions import decide, is_settled
from shardctl.control.fleet import Fleet
from shardctl.control.spreading import Spreading

logger = logging.getLogger(__name__)

JOB: Final = "shard controller"
LEASE_S: Final = 2.0
"""With three tries in its life, another process leads 2.7 s after the death of the leader at the latest."""
LOOK_S: Final = 0.25
"""The time between looks, which is all that a dead worker's shards wait for after its lease has ended."""
_WISHES_S: Final = 1.0
"""The time between looks for what operators want."""


class ControllerMeters(Protocol):
    """What a controller counts."""

    def note_term(self, term: int) -> None:
        """This process leads in a term, 0 while it does not."""

    def note_workers(self, living: int) -> None:
        """So many workers live."""

    def count_given(self, shards: int) -> None:
        """Shards were given to workers, because their owners did not live."""

    def count_begun(self, shards: int) -> None:
        """Moves were begun."""


class Controller:
    """The controller of one process. `run` goes on beside its lease."""

    __slots__ = (
        "_clock", "_contact", "_is_automatic", "_lease", "_lease_epoch", "_map", "_meters", "_moves_at_once",
        "_num_shards", "_scripts", "_spreading", "_term", "_trouble", "_wishes", "_wishes_read_s", "_workers",
        "_writer", "_written",
    )  # fmt: skip

    def __init__(
        self,
        *,
        scripts: Scripts,
        wishes: PlacementWishes,
        lease: JobLease,
        clock: Clock,
        num_shards: int,
        name: str,
        settings: ShardSettings,
        meters: ControllerMeters,
    ) -> None:
        """`name` is that of this process."""
        self._scripts = scripts
        self._wishes = wishes
        self._lease = lease
        self._clock = clock
        self._num_shards = num_shards
        self._moves_at_once = settings.moves_at_once
        self._is_automatic = settings.auto_rebalance
        self._meters = meters
        self._contact = Contact(now_s=clock.monotonic_s, lifetime_s=settings.lease_lifetime_s)
        self._spreading = Spreading(clock.monotonic_s)
        self._writer = MapWriter(scripts=scripts, controller=name)
        self._map: ShardMap = EMPTY
        self._workers: list[Worker] = []
        self._lease_epoch: int | None = None
        """The epoch of the lease that the term belongs to."""
        self._term = 0
        self._written: Wishes | None = None
        """The wishes as the map has them, None before the term has written any."""
        self._wishes_read_s = float("-inf")
        self._trouble = ""
        """Why the last look has failed, so that each reason is told once."""

    @property
    def has_looked(self) -> bool:
        """Whether the last look has found Redis."""
        return not self._trouble and self._contact.run_id != ""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
                self._trouble = ""
            except Unavailable as error:
                if self._trouble != error.text:
                    logger.warning("the controller cannot work now", extra={"reason": error.text})
                self._trouble = error.text
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once, and do what is to be done. Raises Unavailable."""
        await self._read()
        if not await self._find_term():
            return
        wishes = await self._find_wishes()
        try:
            if wishes != self._written:
                await self._writer.begin(self._term, wishes)
                self._written = wishes
            await self._act(wishes)
        except TermOver:
            logger.warning("another controller leads", extra={"term": self._term})
            self._end_term()

    async def _read(self) -> None:
        asked_s = self._clock.monotonic_s()
        try:
            found, workers = await asyncio.gather(fetch_map(self._scripts, self._map), fetch_workers(self._scripts))
        except Unavailable:
            self._contact.note_loss()
            raise
        self._contact.note_answer(self._scripts.run_id, self._clock.monotonic_s() - asked_s)
        if found.version < self._map.version:
            logger.warning("Redis has lost the shard map", extra={"version": self._map.version})
            self._contact.note_loss()
            self._written = None
        self._map, self._workers = found, workers
        self._spreading.note(workers)
        self._meters.note_workers(len(workers))

    async def _find_term(self) -> bool:
        """Return whether this process leads."""
        epoch = self._lease.epoch
        if epoch is None:
            if self._term:
                self._end_term()
            return False
        if epoch != self._lease_epoch or not self._term:
            term = await self._wishes.next_term()
            if self._lease.epoch != epoch:  # the lease has ended meanwhile
                return False
            self._lease_epoch, self._term, self._written = epoch, term, None
            self._spreading.begin_term(self._map.wishes)
            self._meters.note_term(term)
            logger.info("this controller leads", extra={"term": term})
        return True

    def _end_term(self) -> None:
        self._term = 0
        self._meters.note_term(0)

    async def _find_wishes(self) -> Wishes:
        now_s = self._clock.monotonic_s()
        if self._written is not None and now_s - self._wishes_read_s < _WISHES_S:
            return self._written
        self._wishes_read_s = now_s
        try:
            wishes = await self._wishes.fetch()
        except Unavailable as error:
            logger.warning("the wishes for shards cannot be read", extra={"reason": error.text})
            return self._map.wishes if self._written is None else self._written
        return msgspec.structs.replace(wishes, burdens=self._spreading.burdens) if self._is_automatic else wishes

    async def _act(self, wishes: Wishes) -> None:
        fleet = Fleet(
            num_shards=self._num_shards,
            places=self._map.places,
            wishes=wishes,
            workers=self._workers,
            may_bury=self._contact.is_steady,
            has_gathered=self._spreading.has_gathered,
            moves_at_once=self._moves_at_once,
        )
        changes = decide(fleet, self._term)
        if changes:
            left = await self._writer.write(self._term, changes)
            self._tell([change for change in changes if change.shard not in left])
        elif wishes.is_rebalancing and is_settled(fleet):
            await self._wishes.set_rebalancing(False)
            self._wishes_read_s = float("-inf")
            logger.info("shards are rebalanced")
        elif self._is_automatic and not wishes.is_rebalancing and self._spreading.is_due(fleet):
            await self._begin_rebalancing()

    async def _begin_rebalancing(self) -> None:
        try:
            await self._wishes.set_rebalancing(True)
        except Unavailable as error:
            logger.warning("shards cannot be rebalanced now", extra={"reason": error.text})
        else:
            self._wishes_read_s = float("-inf")
            logger.info("shards are rebalanced now, since a worker has too few")

    def _tell(self, done: list[Change]) -> None:
        given = [change for change in done if change.next_epoch != change.epoch]
        begun = [change for change in done if change.moving_to]
        self._meters.count_given(len(given))
        self._meters.count_begun(len(begun))
        logger.info("the shard map was changed", extra={"given": len(given), "moves": len(begun), "term": self._term})
