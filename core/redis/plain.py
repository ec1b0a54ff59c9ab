"""Plain commands through the `redis` package: what is written in batches, and read by few requests.

Its calls cost ten times those of `core.redis.client`, and bring pools, timeouts and errors that are well tested.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from typing_extensions import override

from core.domain.errors import Unavailable
from core.redis.address import RedisAddress
from core.redis.interfaces import Plain

T = TypeVar("T")


class PlainCommands(Plain):
    """Plain commands on one server, by a pool of connections."""

    __slots__ = ("_redis",)

    def __init__(self, *, address: RedisAddress, timeout_s: float = 2.0) -> None:
        self._redis: Any = Redis(
            host=address.host,
            port=address.port,
            db=address.database,
            username=address.user or None,
            password=address.password or None,
            ssl=address.is_encrypted,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )

    @override
    async def read_fields(self, key: str, fields: Sequence[str]) -> list[bytes | None]:
        if not fields:
            return []
        return await _answer(cast("Awaitable[list[bytes | None]]", self._redis.hmget(key, list(fields))))

    @override
    async def write_fields(self, key: str, values: Mapping[str, str], gone: Collection[str] = ()) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        if values:
            pipeline.hset(key, mapping=dict(values))
        if gone:
            pipeline.hdel(key, *gone)
        await _answer(pipeline.execute())

    @override
    async def read_hash(self, key: str) -> dict[str, bytes]:
        found = await _answer(cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(key)))
        return {field.decode(): value for field, value in found.items()}

    @override
    async def remove(self, key: str) -> None:
        await _answer(self._redis.delete(key))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


async def _answer(call: Awaitable[T]) -> T:
    try:
        return await call
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis: {error}") from error
