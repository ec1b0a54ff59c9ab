"""The tail: everything that is appended to any log, applied in order by a process that listens.

```
 published ─→ next place? ─ yes ─→ listeners ─→ counters rise
                  │ no: something was missed
                  ↓
               behind ─→ compare with the ends of the logs ─→ read what is missing ─→ up to date
```

Publications are fast and may be lost; the logs are the truth and are read when something is missing. A shard whose
next place did not come is *behind*: what is published for it is left to the reading, until the reading has come as far.
All shards are behind at the beginning, after each loss of the connection, and whenever the counters say so
(`core.bus.redis` asks once a second). While any is, the counters of this process do not rise, so nobody takes it for
new.

A log that was closed (Redis was restarted) begins a new *life* when it is opened again. Entries that this process has
applied may be lost then, and their places be given to others. By the life's first place the tail sees whether that
happened: it goes back to that place, and tells that something is not true any more (`on_lost`): caches of the shard
are to be dropped. The same happens when what is missing was trimmed away.
"""

import logging
import struct
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from core.bus.barrier import Level
from core.bus.entries import HEADER, decode_run
from core.bus.heads import Head, Heads, decode_heads
from core.bus.interfaces import Delivery
from core.bus.listeners import Listeners
from core.bus.positions import generation_of, n_of, position_of
from core.bus.ring import Ring
from core.redis.interfaces import Scripts, TopicListener
from core.redis.keys import ANY_TAG, tag_of, topic_of
from core.wire.envelope import decode_envelope

logger = logging.getLogger(__name__)

_RUN: Final = 500
"""The entries that are read at once, about half a MB."""


class Tail(TopicListener):
    """The positions of one process in all logs."""

    __slots__ = (
        "_behind", "_born", "_count", "_doubts", "_heard_all", "_heard_rel", "_is_subscribed", "_listeners", "_lives",
        "_lost", "_now_s", "_observe_lag", "_pinged_s", "_ring", "_scripts", "_shards", "_wake", "all", "heard_s",
        "life", "passed", "pongs", "rel", "revisions",
    )  # fmt: skip

    def __init__(
        self,
        *,
        scripts: Scripts,
        listeners: Listeners,
        num_shards: int,
        monotonic_s: Callable[[], float],
        ring: Ring | None,
        wake: Callable[[], None],
        observe_lag: Callable[[float], None],
        count: Callable[[str], None] = lambda _what: None,
    ) -> None:
        """`wake` is called when `catch_up` has something to do; `observe_lag` gets the seconds of each ping.

        `count` gets "gap" when a shard's next place was not heard, and "loss" when its log lacks what was applied, or
        has no more what was not.
        """
        self._count = count
        self._scripts = scripts
        self._listeners = listeners
        self._now_s = monotonic_s
        self._ring = ring
        self._wake = wake
        self._observe_lag = observe_lag
        self._shards = {topic_of(shard).encode(): shard for shard in range(num_shards)}
        self._lives = [0] * num_shards
        self._behind: dict[int, int] = dict.fromkeys(range(num_shards), 0)
        """The shards that are behind, with the newest position that was published meanwhile."""
        self._doubts = 0
        """How often all shards were to be compared. What was asked before the last time proves nothing of it."""
        self._lost: list[Callable[[int], None]] = []
        self._born: list[Callable[[int, Head], None]] = []
        self._is_subscribed = False
        self._heard_all = 0
        self._heard_rel = 0
        self.passed = [Level() for _ in range(num_shards)]
        """The position of each shard up to which the listeners have been called."""
        self.revisions = [Level() for _ in range(num_shards)]
        """The newest revision of each shard with which they have been called."""
        self.all = Level()
        self.rel = Level()
        self.life = 0
        self.heard_s = float("-inf")
        """When the connection was last known to bring everything, in seconds."""
        self.pongs = Level()
        """Counts the answers to pings."""
        self._pinged_s: float | None = None

    @property
    def topics(self) -> Sequence[str]:
        """The topics to listen to."""
        return [topic.decode() for topic in self._shards]

    @property
    def is_up_to_date(self) -> bool:
        """Whether the tail knows of nothing that it has not applied."""
        return self._is_subscribed and not self._behind

    def life_of(self, shard: int) -> int:
        """Return the life of a shard's log that this process has compared itself with, 0 before the first."""
        return self._lives[shard]

    def on_loss(self, listener: Callable[[int], None]) -> None:
        """Call `listener` with a shard of which events were missed or were not kept."""
        self._lost.append(listener)

    def on_life(self, listener: Callable[[int, Head], None]) -> None:
        """Call `listener` when this process learns that a log was opened again, before it writes there anew."""
        self._born.append(listener)

    def adopt_life(self, shard: int, head: Head) -> None:
        """Take part in a life that this process has begun itself, at or behind its own position."""
        self._lives[shard] = head.life
        self._behind.setdefault(shard, 0)
        for listener in self._born:
            listener(shard, head)

    def doubt(self) -> None:
        """Compare all shards with the logs."""
        self._doubts += 1
        for shard in range(len(self.passed)):
            self._behind.setdefault(shard, 0)
        self._wake()

    @override
    def on_subscribed(self) -> None:
        self._is_subscribed = True
        self.heard_s = self._now_s()
        self.doubt()

    @override
    def on_lost(self) -> None:
        self._is_subscribed = False
        self._pinged_s = None

    def note_ping(self) -> None:
        """Take the time until the next answer, unless an earlier ping is not answered yet."""
        if self._pinged_s is None:
            self._pinged_s = self._now_s()

    @override
    def on_pong(self) -> None:
        self.heard_s = self._now_s()
        if self._pinged_s is not None:
            self._observe_lag(self.heard_s - self._pinged_s)
            self._pinged_s = None
        self.pongs.rise(self.pongs.value + 1)

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        try:
            self._hear(self._shards[topic], data)
        except (struct.error, msgspec.DecodeError):
            logger.exception("what was published is no entry", extra={"topic": topic.decode()})

    def _hear(self, shard: int, data: bytes) -> None:
        generation, n, revision, heard_all, heard_rel = HEADER.unpack_from(data)
        body = data[HEADER.size :]
        if n == 0 and body:
            self._listeners.call(Delivery(0, shard, decode_envelope(body)))
            return
        position = position_of(generation, n)
        passed = self.passed[shard].value
        if shard not in self._behind and position == passed + 1:
            self._deliver(Delivery(position, shard, decode_envelope(body), revision))
        elif n == 0 or position > passed or shard in self._behind:
            if shard not in self._behind:
                self._count("gap")
            self._behind[shard] = max(self._behind.get(shard, 0), position)
            self._wake()
        self._heard_all, self._heard_rel = heard_all, heard_rel
        self._rise()

    def _deliver(self, delivery: Delivery) -> None:
        if self._ring is not None:
            self._ring.push(delivery)
        self._listeners.call(delivery)
        self.revisions[delivery.shard].rise(delivery.revision)
        self.passed[delivery.shard].rise(delivery.position)

    def _rise(self) -> None:
        if not self._behind and self._is_subscribed:
            self.all.rise(self._heard_all)
            self.rel.rise(self._heard_rel)

    async def fetch_heads(self) -> Heads:
        """Return where the logs end. Raises Unavailable."""
        return decode_heads(await self._scripts.call("log_heads", ANY_TAG, len(self.passed)))

    async def catch_up(self) -> bool:
        """Apply what is missing; return whether nothing is, unless a log is closed.

        Raises:
            Unavailable: when Redis cannot be asked.
        """
        if not self._behind:
            return True
        # What is published from here on may be newer than the heads.
        self._behind = dict.fromkeys(self._behind, 0)
        doubts = self._doubts
        heads = await self.fetch_heads()
        self.life = heads.life
        for shard, head in enumerate(heads.shards):
            if head.is_open and head.life != self._lives[shard]:
                self._begin_life(shard, head)
        for shard in list(self._behind):
            head = heads.shards[shard]
            if not head.is_open:
                continue
            # More may have been heard of it while another one was read.
            if self.passed[shard].value >= max(head.position, self._behind[shard]):
                if self._doubts == doubts:
                    del self._behind[shard]
            else:
                await self._read(shard)
            if self.passed[shard].value >= head.position:
                # The newest revision may be older than a log that was begun anew behind our place.
                self.revisions[shard].rise(head.revision)
        if self._behind:
            return False
        self._heard_all = max(self._heard_all, heads.all)
        self._heard_rel = max(self._heard_rel, heads.rel)
        self._rise()
        return True

    def _begin_life(self, shard: int, head: Head) -> None:
        """Find this process' place in a log that was opened again."""
        known, self._lives[shard] = self._lives[shard], head.life
        self._behind.setdefault(shard, 0)
        passed = self.passed[shard].value
        start = position_of(head.generation, head.start)
        if not known:
            self._jump(shard, head.position, head.revision)
        elif head.before != known or generation_of(passed) != head.generation or passed > start:
            logger.warning("entries of a log are not true any more", extra={"shard": shard, "position": passed})
            self._count("loss")
            self._jump(shard, start, min(head.revision, self.revisions[shard].value))
        if known:
            # Of lives that nobody here has seen, any place may be lost.
            seen = head if head.before == known else msgspec.structs.replace(head, start=0)
            for listener in self._born:
                listener(shard, seen)

    def _jump(self, shard: int, position: int, revision: int) -> None:
        self.passed[shard].reset(position)
        self.revisions[shard].reset(revision)
        if self._ring is not None:
            self._ring.begin(shard, position)
        for listener in self._lost:
            listener(shard)

    async def _read(self, shard: int) -> None:
        """Apply what a shard's log has after our position."""
        passed = self.passed[shard]
        while True:
            before = passed.value
            self._behind[shard] = 0
            doubts = self._doubts
            answer = await self._scripts.call("log_read", tag_of(shard), n_of(before), _RUN)
            generation, newest, first = answer[:3]
            if generation != generation_of(before):
                self._wake()
                return
            if newest > n_of(before) and first != n_of(before) + 1:
                logger.warning("entries of a log were trimmed unread", extra={"shard": shard, "position": before})
                self._count("loss")
                self._jump(shard, position_of(generation, newest), 0)
            for delivery in decode_run(shard, answer):
                if delivery.position > passed.value:
                    self._deliver(delivery)
            passed.rise(position_of(generation, first + (len(answer) - 3) // 2 - 1))
            if passed.value >= max(position_of(generation, newest), self._behind[shard]):
                # A doubt meanwhile is about what came after this answer was made.
                if self._doubts == doubts:
                    del self._behind[shard]
                return
