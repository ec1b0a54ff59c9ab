"""The live state in Redis as the contract suite sees it: what was put is written before it is looked for."""

from collections.abc import Collection, Mapping

from core.live.interfaces import OnlineCounts, SessionStarts, StartsLeft
from core.live.redis_counts import RedisOnlineCounts, RedisSessionStarts
from core.redis.interfaces import Plain
from core.runtime.clock import Clock


class WrittenCounts(OnlineCounts):
    """Counts of one process that another one finds."""

    def __init__(self, plain: Plain) -> None:
        self._writer = RedisOnlineCounts(plain=plain)
        self._reader = RedisOnlineCounts(plain=plain)

    def put(self, guild_id: int, count: int) -> None:
        self._writer.put(guild_id, count)

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        await self._writer.flush()
        return await self._reader.find_many(guild_ids)


class WrittenStarts(SessionStarts):
    """Starts of one process that another one finds."""

    def __init__(self, plain: Plain, clock: Clock, per_day: int) -> None:
        self._writer = RedisSessionStarts(plain=plain, clock=clock, per_day=per_day)
        self._reader = RedisSessionStarts(plain=plain, clock=clock, per_day=per_day)

    def take(self, bot_id: int) -> bool:
        return self._writer.take(bot_id)

    async def find(self, bot_id: int) -> StartsLeft:
        await self._writer.flush()
        return await self._reader.find(bot_id)
