"""The bus of a cluster: the logs are streams in Redis, and a tail brings every entry to every process.

Whoever writes gets a position from the script that has appended, and waits until its own tail has passed it
(`wait_passed`). So here, too, the listeners of this process have run when a writer's caller goes on. Whoever must see
what others have written waits for the counters (`wait_applied`, `core.bus.barrier`).

A tail that does not hear from Redis for a second is not current, and after three the process is not ready. Silence is
told from quiet by pings on the tail's own connection, whose answers come after all that was published before.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from core.bus.barrier import Level
from core.bus.entries import decode_run, encode_volatile
from core.bus.interfaces import Delivery, LogTrimmed, Subscription
from core.bus.listeners import Listener, Listeners
from core.bus.positions import generation_of, n_of, position_of
from core.bus.ring import Ring
from core.bus.tail import Tail
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import shard_of
from core.redis.interfaces import Answer, Scripts, Topics
from core.redis.keys import ANY_TAG, tag_of, topic_of
from core.runtime.clock import Clock
from core.wire.envelope import Envelope, encode_envelope

logger = logging.getLogger(__name__)

PING_S: Final = 0.25
CURRENT_S: Final = 1.0
"""The silence after which caches are not trusted: four pings."""
READY_S: Final = 3.0
"""The silence after which the process asks for no more requests."""
_CHECK_PINGS: Final = 4
"""The counters are compared once in so many pings."""
OPEN_S: Final = 3.0
"""The time for which writers wait for a log that is closed; comparing it takes less."""
PASS_S: Final = 5.0
"""The time for which a writer waits to see its own entry. It is durable by then, whatever the tail does."""
_PAUSE_S: Final = 0.05
"""The pause before another look at logs that are closed, or at a Redis that does not answer."""


class RedisBus:
    """The `Bus` of one process of a cluster. `run` goes on beside it for as long as it is used."""

    __slots__ = (
        "_clock",
        "_listeners",
        "_looked",
        "_ring",
        "_scripts",
        "_topics",
        "_wake",
        "num_shards",
        "tail",
    )  # fmt: skip

    def __init__(
        self,
        *,
        num_shards: int,
        scripts: Scripts,
        topics: Topics,
        clock: Clock,
        ring_bytes: int = 0,
        observe_lag: Callable[[float], None] = lambda _: None,
        count: Callable[[str], None] = lambda _what: None,
    ) -> None:
        """`ring_bytes`: the budget of the newest entries in memory, from which a worker repairs lost tails of logs.

        `observe_lag` gets the seconds between a ping and its answer on the tail's connection, several times a second.
        `count` gets what the tail has missed (`core.bus.tail.Tail`).
        """
        self.num_shards = num_shards
        self._scripts = scripts
        self._topics = topics
        self._clock = clock
        self._listeners = Listeners(num_shards)
        self._ring = Ring(num_shards=num_shards, start=0, budget_bytes=ring_bytes) if ring_bytes else None
        self._wake = asyncio.Event()
        self._looked = Level()
        """Counts the times that the ends of the logs were looked at."""
        self.tail = Tail(
            scripts=scripts,
            listeners=self._listeners,
            num_shards=num_shards,
            monotonic_s=clock.monotonic_s,
            ring=self._ring,
            wake=self._wake.set,
            observe_lag=observe_lag,
            count=count,
        )

    async def run(self) -> None:
        """Listen, catch up, and watch, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._topics.listen(self.tail.topics, self.tail))
            tasks.create_task(self._keep_up())
            tasks.create_task(self._watch())

    @property
    def is_current(self) -> bool:
        """Whether caches that the tail feeds may be trusted."""
        return self.tail.is_up_to_date and self._silence_s() < CURRENT_S

    def find_fault(self) -> str | None:
        """Return why the process is not ready, None when the tail is well."""
        if self._silence_s() > READY_S:
            return "no news from Redis"
        return None if self.tail.is_up_to_date else "behind the logs in Redis"

    async def wait_current(self, timeout_s: float) -> bool:
        """Wait until the tail is up to date; return False when it is not in time."""
        give_up_s = self._clock.monotonic_s() + timeout_s
        while not self.tail.is_up_to_date:
            left_s = give_up_s - self._clock.monotonic_s()
            if left_s <= 0 or not await self._looked.wait(self._looked.value + 1, left_s):
                return self.tail.is_up_to_date
        return True

    async def wait_passed(self, shard: int, position: int, timeout_s: float = PASS_S) -> bool:
        """Wait until the listeners of this process have been called with a position; False when not in time."""
        return await self.tail.passed[shard].wait(position, timeout_s)

    async def wait_applied(self, *, all_: int = 0, rel: int = 0, timeout_s: float) -> bool:
        """Wait until this process is as new as the counters were; False when it is not in time."""
        if self.tail.all.value >= all_ and self.tail.rel.value >= rel:
            return True
        return await self.tail.all.wait(all_, timeout_s) and await self.tail.rel.wait(rel, timeout_s)

    async def wait_for_newest(self) -> None:
        """Wait until the listeners of this process have been called with all that the logs had. Raises Unavailable."""
        newest, _, _ = await self._scripts.call("log_counters", ANY_TAG)
        if not await self.wait_applied(all_=int(newest), timeout_s=PASS_S):
            raise Unavailable("this process is behind the logs")

    async def wait_for_revisions(self, revisions: Mapping[int, int]) -> None:
        """Wait until the listeners of this process have been called with these revisions. Raises Unavailable."""
        give_up_s = self._clock.monotonic_s() + PASS_S
        for shard, revision in revisions.items():
            applied = self.tail.revisions[shard]
            if applied.value < revision and not await applied.wait(revision, give_up_s - self._clock.monotonic_s()):
                raise Unavailable("what was read has not been delivered")

    async def insist(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call that needs open logs, again while it is answered with CLOSED.

        Raises:
            Unavailable: when the logs stay closed, or Redis is away.
            OutcomeUnknown: as the call does.
        """
        give_up_s = self._clock.monotonic_s() + OPEN_S
        while True:
            looked = self._looked.value
            answer = await call()
            if answer[0] != b"CLOSED":
                return answer
            left_s = give_up_s - self._clock.monotonic_s()
            if left_s <= 0:
                raise Unavailable("the log in Redis is closed until its end was compared")
            self.tail.doubt()
            await self._looked.wait(looked + 1, left_s)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the shards' logs, without a revision; durable and delivered to this process when it returns.

        Raises:
            Unavailable: when nothing was appended, or with several shards, not everything.
            OutcomeUnknown: when that is not known.
        """
        by_shard: dict[int, list[bytes]] = {}
        for envelope in envelopes:
            by_shard.setdefault(shard_of(envelope.owner_id, self.num_shards), []).append(encode_envelope(envelope))
        for shard, encoded in by_shard.items():
            answer = await self.insist(partial(self._scripts.call, "log_append", tag_of(shard), *encoded))
            await self.wait_passed(shard, position_of(answer[1], answer[2]))

    def publish_volatile(self, envelopes: Sequence[Envelope]) -> None:
        """Pass to the listeners of all processes, this one's too; lost while there is no connection."""
        for envelope in envelopes:
            shard = shard_of(envelope.owner_id, self.num_shards)
            self._scripts.publish(topic_of(shard), encode_volatile(envelope))

    def subscribe(self, listener: Listener, shards: Collection[int] | None = None) -> Subscription:
        """Call `listener` for every delivery of the shards, None for all."""
        return self._listeners.add(listener, shards)

    def on_loss(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with a shard of which events were missed, or will not come again as they came."""
        self.tail.on_loss(listener)

    async def read(self, shard: int, after: int, limit: int = 1000) -> list[Delivery]:
        """Return durable deliveries of a shard after a position, oldest first. Raises LogTrimmed, Unavailable."""
        kept = None if self._ring is None or not after else self._ring.read(shard, after, limit)
        if kept:
            return kept
        answer = await self._scripts.call("log_read", tag_of(shard), n_of(after), limit)
        generation, newest, first = answer[:3]
        if after and generation_of(after) != generation:
            raise LogTrimmed(shard)
        if newest > n_of(after) and first != n_of(after) + 1:
            raise LogTrimmed(shard)
        return decode_run(shard, answer)

    async def position(self, shard: int) -> int:
        """Return the position of the newest delivery, or the place before the first one of the log's generation.

        Raises:
            Unavailable: when this process does not know where the log ends, since it has not caught up with it yet.
        """
        if not self.tail.life_of(shard) and not await self.wait_current(PASS_S):
            raise Unavailable("this process is behind the logs")
        return self.tail.passed[shard].value

    def read_kept(self, shard: int, after: int) -> list[Delivery] | None:
        """Return all deliveries after a position from memory, None when that does not reach back so far."""
        return None if self._ring is None else self._ring.read(shard, after, 1 << 40)

    def kept_after(self, shard: int) -> int:
        """Return the position after which memory has all deliveries."""
        return self.tail.passed[shard].value if self._ring is None else self._ring.floor(shard)

    def _silence_s(self) -> float:
        return self._clock.monotonic_s() - self.tail.heard_s

    async def _keep_up(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                is_done = await self.tail.catch_up()
            except (Unavailable, OutcomeUnknown):
                is_done = False
            self._looked.rise(self._looked.value + 1)
            if not is_done:
                await asyncio.sleep(_PAUSE_S)
                self._wake.set()

    async def _watch(self) -> None:
        pings = 0
        expected = 0
        while True:
            self.tail.note_ping()
            self._topics.ping()
            await asyncio.sleep(PING_S)
            if self._silence_s() > READY_S:
                self._topics.reconnect()
            pings += 1
            if pings % _CHECK_PINGS == 0:
                expected = await self._check(expected)

    async def _check(self, expected: int) -> int:
        """Compare the counters with what they were a second ago; return what they are."""
        try:
            newest, _, life = await self._scripts.call("log_counters", ANY_TAG)
        except Unavailable:
            return expected
        if self.tail.is_up_to_date and (life != self.tail.life or self.tail.all.value < expected):
            logger.warning("the tail has missed something")
            self.tail.doubt()
        return int(newest)
