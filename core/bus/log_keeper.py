"""The keeper of the logs: it opens them when Redis was restarted, and forgets what is old.

A Redis that comes back may have lost its last entries, or all. Every log is closed then, because it was opened for
another run of the server, and scripts that append refuse. The keeper is the worker: it compares each log with what it
has applied itself, repairs what is missing (`core.bus.remedy`), and opens the log.

```
 closed ─→ compare ─┬─ OPEN ──────────────────────┬─→ open ─→ trimmed now and then
                    ├─ APPEND, REPLACE ─→ repair ─┤
                    └─ BEGIN ─→ new generation ───┘
```

Each step is a script that is refused when a younger keeper was there (the epoch of the lease), or when the log is not
as it was when the step was decided; then the keeper looks again. So a step may be lost or made twice.

A keeper that has just started cannot tell whether a log has lost its end, and would have to begin a new generation,
which ends all sessions. Another worker that lives may have followed the log. So it leaves the opening to that one
first, and begins anew only when nobody has opened the logs for some seconds.

When all logs are open, Redis is asked to write its file anew. A server that lost power may have cut its file in the
middle of a script's commands; it drops the half that it has, but leaves it in the file, and runs it at its next start
together with what was appended since (valkey pull request 4342; Redis 7 has the fault, too).
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

from core.bus.heads import Head
from core.bus.positions import generation_of, n_of, position_of
from core.bus.redis import RedisBus
from core.bus.remedy import Known, Remedy, find_remedy
from core.domain.errors import Unavailable
from core.redis.interfaces import Answer, Scripts
from core.redis.jobs import JobLease
from core.redis.keys import ANY_TAG, tag_of
from core.runtime.clock import Clock
from core.wire.envelope import encode_envelope

logger = logging.getLogger(__name__)

LOOK_S: Final = 0.1
"""The time between looks for a restart. Nobody can write to a log that waits to be opened."""
_FULL_LOOKS: Final = 50
"""All logs are looked at once in so many looks, in case somebody has removed one by hand."""
NOTE_S: Final = 30.0
"""The time between notes of where the logs end, by which they are trimmed."""
_BACK_S: Final = 3.0
"""The time for which a keeper that knows too little leaves the logs to others: they look for the lease each second."""
_PATIENCE_S: Final = 5.0
"""The time after which it opens them itself. Nobody can write meanwhile."""
_REPAIRED: Final = 200
"""The entries of one repairing call, some hundred kB."""
_MARGIN_MS: Final = 1000
"""A million entries, more than other processes can have applied before the keeper has."""


class LogSource(Protocol):
    """What the relational database knows of the logs."""

    async def next_generation(self) -> int:
        """Return a number that is greater than all that were returned before, from 1."""

    async def find_revisions(self) -> Mapping[int, int]:
        """Return for each shard a revision after which the outbox has every event; shards that are left out have 0."""


async def _has_nobody() -> bool:
    return False


class LogKeeper:
    """Opens and trims the logs of all shards. `run` goes on beside the bus."""

    __slots__ = (
        "_above_ms", "_bus", "_clock", "_found_open", "_has_others", "_lease", "_left_since", "_notes", "_retention_s",
        "_scripts", "_source",
    )  # fmt: skip

    def __init__(
        self,
        *,
        bus: RedisBus,
        scripts: Scripts,
        lease: JobLease,
        source: LogSource,
        clock: Clock,
        retention_s: float = 600.0,
        has_others: Callable[[], Awaitable[bool]] = _has_nobody,
    ) -> None:
        """`retention_s`: how long the logs keep an entry at least. `has_others` tells whether other workers live, or
        raises Unavailable.
        """
        self._bus = bus
        self._scripts = scripts
        self._lease = lease
        self._source = source
        self._clock = clock
        self._retention_s = retention_s
        self._has_others = has_others
        self._left_since = ("", 0.0)
        """The run of the server whose logs were left to others, and since when."""
        self._above_ms = 0
        """The milliseconds from which the counters went on at the last opening."""
        self._found_open = ("", 0)
        """The run of the server, and the newest life of any log, when all logs were last found open."""
        self._notes: deque[tuple[float, int, list[int]]] = deque()
        """When the counter `rel` and the positions of all shards were such."""

    async def run(self) -> None:
        """Keep the logs, while this process has the lease, until cancelled."""
        noted_s = self._clock.monotonic_s()
        looks = 0
        while True:
            epoch = await self._lease.wait_held()
            looks += 1
            try:
                if looks % _FULL_LOOKS == 1 or await self._is_doubtful():
                    await self.open_all(epoch)
                if self._clock.monotonic_s() - noted_s >= NOTE_S:
                    noted_s = self._clock.monotonic_s()
                    await self.trim(epoch)
            except Unavailable as error:
                logger.warning("the logs cannot be kept now", extra={"reason": str(error)})
            await asyncio.sleep(LOOK_S)

    async def open_all(self, epoch: int) -> None:
        """Compare, repair and open all logs that are closed. Raises Unavailable."""
        run_id = self._scripts.run_id
        heads = await self._bus.tail.fetch_heads()
        closed = {shard: head for shard, head in enumerate(heads.shards) if not head.is_open}
        if not closed:
            self._found_open = (run_id, heads.life)
            return
        # Above the counters that any process has applied, also when the clock was set back.
        newest_ms = max(self._bus.tail.all.value // 1000, self._above_ms)
        self._above_ms = max(self._clock.now_ms(), newest_ms + _MARGIN_MS)
        remedies = {shard: find_remedy(head, self._known(shard)) for shard, head in closed.items()}
        if await self._is_for_others(head for shard, head in closed.items() if remedies[shard] is Remedy.BEGIN):
            self._lease.stand_back(_BACK_S)
            return
        generation = 0
        revisions: Mapping[int, int] = {}
        if Remedy.BEGIN in remedies.values():
            generation = await self._source.next_generation()
            revisions = await self._source.find_revisions()
        for shard, remedy in remedies.items():
            head = closed[shard]
            if remedy is Remedy.BEGIN:
                # Our own place in the new generation is found as everybody finds it.
                await self._open(shard, head.position, generation, revisions.get(shard, 0), epoch)
            else:
                await self._repair_and_open(shard, head, remedy, epoch)
        counts = Counter(remedy.name for remedy in remedies.values())
        logger.warning("logs were opened", extra={"remedies": dict(counts)})
        self._bus.tail.doubt()
        self._scripts.rewrite_file()

    async def _is_doubtful(self) -> bool:
        """Tell whether the server was restarted or flushed since all logs were found open. Raises Unavailable."""
        _, _, life = await self._scripts.call("log_counters", ANY_TAG)
        return (self._scripts.run_id, life) != self._found_open

    async def _is_for_others(self, begun: Iterable[Head]) -> bool:
        """Tell whether somebody else may know the logs that would begin anew here. Raises Unavailable."""
        if not any(head.generation for head in begun):  # there are none of which anything could be known
            return False
        run_id, since_s = self._left_since
        now_s = self._clock.monotonic_s()
        if run_id != self._scripts.run_id:
            self._left_since = (self._scripts.run_id, since_s := now_s)
        if now_s - since_s > _PATIENCE_S or not await self._has_others():
            return False
        logger.warning("the logs are left to a worker that has followed them")
        return True

    def _known(self, shard: int) -> Known:
        tail = self._bus.tail
        return Known(tail.passed[shard].value, tail.life_of(shard), self._bus.kept_after(shard))

    async def _repair_and_open(self, shard: int, head: Head, remedy: Remedy, epoch: int) -> None:
        tail = self._bus.tail
        position = head.position
        if remedy is not Remedy.OPEN:
            position = tail.passed[shard].value
            if not await self._repair(shard, head, remedy, epoch):
                return
        revision = 0 if remedy is Remedy.OPEN else tail.revisions[shard].value
        life = await self._open(shard, position, generation_of(position), revision, epoch)
        if life:
            # At once, so that we can compare again when Redis is restarted again before our tail has heard of it.
            n = n_of(position)
            born = Head(
                is_open=True,
                generation=generation_of(position),
                n=n,
                revision=max(revision, head.revision),
                life=life,
                before=head.life,
                start=n,
            )
            tail.adopt_life(shard, born)

    async def _repair(self, shard: int, head: Head, remedy: Remedy, epoch: int) -> bool:
        """Put back what the log lacks; return whether it was as expected all the time."""
        replaces = remedy is Remedy.REPLACE
        after = self._bus.kept_after(shard) if replaces else head.position
        lost = self._bus.read_kept(shard, after) or []
        life = self._bus.tail.life_of(shard)
        for first in range(0, len(lost) or 1, _REPAIRED):
            run = lost[first : first + _REPAIRED]
            entries = [part for one in run for part in (one.revision, encode_envelope(one.envelope))]
            place = (generation_of(after), n_of(after) + first, int(replaces and first == 0))
            answer = await self._scripts.call("log_repair", tag_of(shard), epoch, *place, life, *entries)
            if not self._is_done(shard, answer):
                return False
        if lost:
            logger.warning("a log was repaired", extra={"shard": shard, "entries": len(lost), "replaced": replaces})
        return True

    async def _open(self, shard: int, position: int, generation: int, revision: int, epoch: int) -> int:
        """Open a log; return its life, 0 when it was not as expected."""
        found = (generation_of(position), n_of(position))
        args = (epoch, *found, generation, revision, self._above_ms)
        answer = await self._scripts.call("log_open", tag_of(shard), *args)
        return answer[1] if self._is_done(shard, answer) else 0

    def _is_done(self, shard: int, answer: Answer) -> bool:
        if answer[0] == b"OK":
            return True
        logger.warning("a log was changed by another keeper", extra={"shard": shard, "answer": answer[0].decode()})
        return False

    async def trim(self, epoch: int) -> None:
        """Note where the logs end, and forget what was there a retention ago. Raises Unavailable."""
        now_s = self._clock.monotonic_s()
        heads = await self._bus.tail.fetch_heads()
        self._notes.append((now_s, heads.rel, [head.position for head in heads.shards]))
        due = None
        while self._notes and self._notes[0][0] <= now_s - self._retention_s:
            due = self._notes.popleft()
        if due is None:
            return
        _, rel, positions = due
        for shard, position in enumerate(positions):
            if position != position_of(heads.shards[shard].generation, 0):
                place = (generation_of(position), n_of(position))
                await self._scripts.call("log_trim", tag_of(shard), epoch, *place, rel)
