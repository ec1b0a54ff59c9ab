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
    async def read_fields(self, key: str, fields: Sequence[str]) -> list[bytes | None]:
        if not fields:
            return []
        return await answer_of(cast("Awaitable[list[bytes | None]]", self._redis.hmget(key, list(fields))))

    @override
    async def write_fields(self, key: str, values: Mapping[str, str], gone: Collection[str] = ()) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        if values:
            pipeline.hset(key, mapping=dict(values))
        if gone:
            pipeline.hdel(key, *gone)
        await answer_of(pipeline.execute())

    @override
    async def read_hash(self, key: str) -> dict[str, bytes]:
        found = await answer_of(cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(key)))
        return {field.decode(): value for field, value in found.items()}

    @override
    async def remove(self, key: str) -> None:
        await answer_of(self._redis.delete(key))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
