"""Plain commands by a pool of connections: what is written in batches, and read by few requests."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import cast

from typing_extensions import override

from core.redis.address import RedisAddress
from core.redis.interfaces import Plain
from core.redis.pooled import answer_of, make_pool


class PlainCommands(Plain):
    """Plain commands on one server, by a pool of connections."""

    __slots__ = ("_redis",)

    def __init__(self, *, address: RedisAddress, timeout_s: float = 2.0) -> None:
        self._redis = make_pool(address, timeout_s=timeout_s)

    @override
    async def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        return await answer_of(cast("Awaitable[list[bytes | None]]", self._redis.mget(list(keys))))

    @override
    async def write_for(self, values: Mapping[str, str], life_s: float, gone: Collection[str] = ()) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        for key, value in values.items():
            pipeline.set(key, value, px=round(life_s * 1000))
        if gone:
            pipeline.delete(*gone)
        await answer_of(pipeline.execute())

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
