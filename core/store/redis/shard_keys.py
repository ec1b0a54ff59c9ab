"""The keys of a cluster in Redis that belong to shards, and their doubling while no process runs.

| keys | when shards are doubled |
|---|---|
| nonces, and when somebody sent in slow mode | stand at the new shard too; whose channel is not there does not matter |
| sessions and their cuts | are gone, since they have positions in logs: clients begin anew |
| logs, their heads, and rights that have changed | are gone: the next start begins a new generation of each |

All of these may be done again, and a cluster starts whatever was done of them, as it does on an emptied Redis.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from core.redis.address import RedisAddress
from core.redis.keys import tag_of
from core.redis.pooled import answer_of, make_pool

_AT_ONCE: Final = 500
_TIMEOUT_S: Final = 10.0
_COPIED: Final = ("nonce", "slow")
_OF_SESSIONS: Final = ("sess:*", "held:*", "taken:*", "ck:*", "incarnations", "writers", "charges")
_OF_LOGS: Final = ("meta", "log", "perm")


class ShardKeys:
    """The keys on one server. All methods raise Unavailable."""

    __slots__ = ("_redis",)

    def __init__(self, address: RedisAddress) -> None:
        self._redis = make_pool(address, timeout_s=_TIMEOUT_S)

    async def list_apis(self) -> list[str]:
        """Return the API processes that live."""
        keys = [key async for page in self._scan("api:*") for key in page]
        return sorted(key.removeprefix(b"api:").decode() for key in keys)

    async def count_sessions(self) -> int:
        """Return the number of sessions that could be resumed."""
        return sum([len(page) async for page in self._scan("sess:*")])

    async def count_unfinished(self, shards: int) -> int:
        """Return the messages that were begun and neither told nor undone."""
        pipeline = self._redis.pipeline(transaction=False)
        for shard in range(shards):
            for name in ("open", "held"):
                pipeline.hlen(f"{name}{tag_of(shard)}")
        return sum(await answer_of(pipeline.execute()))

    async def copy(self, shards: int) -> int:
        """Let what was at each shard stand at its new one too; return how many keys these are."""
        count = 0
        for name in _COPIED:
            async for page in self._scan(f"{name}{{*"):
                count += await self._copy_page(name, page, shards)
        return count

    async def forget_sessions(self) -> None:
        """Forget all sessions."""
        for pattern in _OF_SESSIONS:
            async for page in self._scan(pattern):
                await answer_of(self._redis.unlink(*page))

    async def forget_logs(self, shards: int) -> None:
        """Forget the logs, all or none."""
        names = [f"{name}{tag_of(shard)}" for shard in range(shards) for name in _OF_LOGS]
        await answer_of(self._redis.delete(*names))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _copy_page(self, name: str, page: Sequence[bytes], shards: int) -> int:
        pipeline = self._redis.pipeline(transaction=False)
        for key in page:
            number, _, rest = key.decode().removeprefix(f"{name}{{").partition("}")
            if int(number) < shards:
                pipeline.copy(key, f"{name}{tag_of(int(number) + shards)}{rest}", replace=True)
        return len(await answer_of(pipeline.execute()))

    async def _scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        """Yield the keys of a pattern, page by page."""
        cursor = 0
        while True:
            cursor, page = await answer_of(self._redis.scan(cursor, match=pattern, count=_AT_ONCE))
            if page:
                yield page
            if not cursor:
                return
