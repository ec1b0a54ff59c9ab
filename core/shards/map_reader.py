"""Reads of the map and of the workers that live."""

from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.shards.shard_map import EMPTY, ShardMap, decode_map
from core.shards.worker import Worker, decode_workers


async def fetch_map(scripts: Scripts, known: ShardMap = EMPTY) -> ShardMap:
    """Return the map as it is now, which is `known` when that is still its version. Raises Unavailable."""
    answer = await scripts.call("map_read", ANY_TAG, known.version)
    return known if len(answer) == 1 else decode_map(answer)


async def fetch_workers(scripts: Scripts) -> list[Worker]:
    """Return the workers that have their lease, by name. Raises Unavailable."""
    return decode_workers(await scripts.call("worker_list", ANY_TAG))


async def has_other_workers(scripts: Scripts, own: str) -> bool:
    """Return whether workers of other names have their lease. Raises Unavailable."""
    return any(worker.name != own for worker in await fetch_workers(scripts))
