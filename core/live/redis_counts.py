"""The live state of a cluster in Redis: the worker writes it in batches, and API processes read it.

The worker has everything in memory and is right; Redis is where others look. What has changed is written a few times a
second, and everything once a minute, so that a Redis that forgot it has it again. A reader that gets no answer says
what it would say of something that is not there.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from core.domain.errors import Unavailable
from core.live.interfaces import OnlineCounts, SessionStarts, StartsLeft
from core.redis.interfaces import Plain
from core.redis.keys import ONLINE, SESSION_STARTS
from core.runtime.clock import Clock

logger = logging.getLogger(__name__)

BATCH_S: Final = 0.25
"""The time in which changes are gathered. Nobody sees such numbers change faster."""
_REWRITE_BATCHES: Final = 240
"""Everything is written once in so many batches: a minute."""
_DAY_MS: Final = 86_400_000


class BatchedHash:
    """A hash that is in memory and is written to Redis in batches. Its owner calls `put`; `run` goes on beside it."""

    __slots__ = ("_changed", "_key", "_plain", "_values")

    def __init__(self, *, plain: Plain, key: str) -> None:
        self._plain = plain
        self._key = key
        self._values: dict[str, str] = {}
        self._changed: set[str] = set()

    def put(self, field: str, value: str | None) -> None:
        """Set a field, None to remove it."""
        self._changed.add(field)
        if value is None:
            self._values.pop(field, None)
        else:
            self._values[field] = value

    async def flush(self) -> None:
        """Write what has changed. Raises Unavailable."""
        changed, self._changed = self._changed, set()
        if not changed:
            return
        values = {field: self._values[field] for field in changed if field in self._values}
        try:
            await self._plain.write_fields(self._key, values, changed - values.keys())
        except Unavailable:
            self._changed |= changed
            raise

    async def run(self) -> None:
        """Write changes, and everything now and then, until cancelled."""
        batches = 0
        while True:
            await asyncio.sleep(BATCH_S)
            batches += 1
            if batches % _REWRITE_BATCHES == 0:
                self._changed |= self._values.keys()
            try:
                await self.flush()
            except Unavailable as error:
                logger.warning("live state is not written now", extra={"key": self._key, "reason": str(error)})


class RedisOnlineCounts(OnlineCounts):
    """Counts that the worker puts and everybody finds."""

    __slots__ = ("_hash", "_plain")

    def __init__(self, *, plain: Plain) -> None:
        self._plain = plain
        self._hash = BatchedHash(plain=plain, key=ONLINE)

    async def begin(self) -> None:
        """Forget what an earlier life of the worker has said. Raises Unavailable."""
        await self._plain.remove(ONLINE)

    async def run(self) -> None:
        """Write what is put, until cancelled. Only the worker does."""
        await self._hash.run()

    async def flush(self) -> None:
        """Write now. Raises Unavailable."""
        await self._hash.flush()

    @override
    def put(self, guild_id: int, count: int) -> None:
        self._hash.put(str(guild_id), str(count) if count else None)

    @override
    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        try:
            found = await self._plain.read_fields(ONLINE, [str(guild_id) for guild_id in guild_ids])
        except Unavailable as error:
            logger.warning("online counts are not read now", extra={"reason": str(error)})
            return {}
        return {guild_id: int(count) for guild_id, count in zip(guild_ids, found, strict=True) if count is not None}


class _Day(msgspec.Struct):
    """The beginning of a bot's day (Unix milliseconds), and its starts since."""

    began_ms: int
    starts: int = 0


class RedisSessionStarts(SessionStarts):
    """Starts that the worker takes and everybody finds."""

    __slots__ = ("_clock", "_days", "_hash", "_per_day", "_plain")

    def __init__(self, *, plain: Plain, clock: Clock, per_day: int) -> None:
        self._plain = plain
        self._clock = clock
        self._per_day = per_day
        self._days: dict[str, _Day] = {}
        self._hash = BatchedHash(plain=plain, key=SESSION_STARTS)

    async def begin(self) -> None:
        """Go on with the days that an earlier life of the worker has counted. Raises Unavailable."""
        for bot, value in (await self._plain.read_hash(SESSION_STARTS)).items():
            self._set(bot, _read_day(value))

    async def run(self) -> None:
        """Write what is taken, until cancelled. Only the worker does."""
        await self._hash.run()

    async def flush(self) -> None:
        """Write now. Raises Unavailable."""
        await self._hash.flush()

    @override
    def take(self, bot_id: int) -> bool:
        bot, now_ms = str(bot_id), self._clock.now_ms()
        day = self._days.get(bot)
        if day is None or _is_over(day, now_ms):
            self._forget_days(now_ms)
            day = _Day(now_ms)
        if day.starts >= self._per_day:
            return False
        day.starts += 1
        self._set(bot, day)
        return True

    @override
    async def find(self, bot_id: int) -> StartsLeft:
        now_ms = self._clock.now_ms()
        try:
            [value] = await self._plain.read_fields(SESSION_STARTS, [str(bot_id)])
        except Unavailable as error:
            logger.warning("session starts are not read now", extra={"reason": str(error)})
            value = None
        day = _Day(now_ms) if value is None else _read_day(value)
        if _is_over(day, now_ms):
            day = _Day(now_ms)
        return StartsLeft(
            total=self._per_day,
            remaining=max(0, self._per_day - day.starts),
            reset_after_ms=day.began_ms + _DAY_MS - now_ms,
        )

    def _set(self, bot: str, day: _Day) -> None:
        self._days[bot] = day
        self._hash.put(bot, f"{day.began_ms}:{day.starts}")

    def _forget_days(self, now_ms: int) -> None:
        """Forget days that are over. A new day begins seldom enough to look at all."""
        for bot in [bot for bot, day in self._days.items() if _is_over(day, now_ms)]:
            del self._days[bot]
            self._hash.put(bot, None)


def _is_over(day: _Day, now_ms: int) -> bool:
    return now_ms >= day.began_ms + _DAY_MS


def _read_day(value: bytes) -> _Day:
    began_ms, _, starts = value.decode().partition(":")
    return _Day(int(began_ms), int(starts))
