"""The worker that a shard belongs to, by weighted rendezvous.

Each worker draws a number for a shard, from the hash of both names alone, and the highest draw has it. The draw is
`-weight / ln(h)` with h evenly spread between 0 and 1, so that a worker wins shards in proportion to its weight. Who
comes or goes changes no draw of the others: a new worker takes shards from all and none changes between the others, and
the shards of one that has gone are shared by all that are left. (Rendezvous: Thaler and Ravishankar, 1998; weights:
Schindelhauer and Schomaker, 2005.)
"""

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache

_BITS = 64


def choose_worker(shard: int, weights: Mapping[str, float]) -> str:
    """Return the name of the worker that a shard belongs to. `weights`, by name, are positive, and there is one."""
    return max(weights, key=lambda name: (-weights[name] / _draw(shard, name), name))


@lru_cache(maxsize=1 << 16)
def _draw(shard: int, name: str) -> float:
    """Return the logarithm of a number between 0 and 1 that belongs to a shard and a worker."""
    digest = hashlib.blake2b(f"{shard} {name}".encode(), digest_size=_BITS // 8).digest()
    return math.log((int.from_bytes(digest, "big") + 0.5) / (1 << _BITS))
