"""The live state in Redis as the contract suite sees it: what was put is written before it is looked for."""

from collections.abc import Collection, Mapping

from core.live.interfaces import OnlineCounts
from core.live.redis_counts import RedisOnlineCounts
from core.redis.interfaces import Plain


class WrittenCounts(OnlineCounts):
    """Counts of one process that another one finds."""

    def __init__(self, plain: Plain) -> None:
        self._writer = RedisOnlineCounts(plain=plain)
        self._reader = RedisOnlineCounts(plain=plain)

    def put(self, guild_id: int, count: int) -> None:
        self._writer.put(guild_id, count)

    def let_go(self, guild_id: int) -> None:
        self._writer.let_go(guild_id)

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        await self._writer.flush()
        return await self._reader.find_many(guild_ids)
