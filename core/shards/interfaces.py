"""What operators want of the shard map, kept where an emptied Redis does not lose it.

The map itself is in Redis. The controller writes the wishes into it too, so that readers of the map need nothing else.
"""

from typing import Literal, Protocol

import msgspec

from core.shards.shard_map import Wishes


class Owned(msgspec.Struct, frozen=True):
    """Something with an id, and the guild, the user or the private channel whose shard has it."""

    kind: Literal["guild", "user", "channel"]
    owner_id: int


class PlacementWishes(Protocol):
    """The wishes, and the count of controllers' terms. All methods raise Unavailable."""

    async def next_term(self) -> int:
        """Return a number that is greater than all that were returned before, from 1."""

    async def fetch(self) -> Wishes:
        """Return the present wishes."""

    async def pin(self, shard: int, worker: str) -> None:
        """Want a shard at a worker."""

    async def unpin(self, shard: int) -> bool:
        """Want a shard anywhere; return whether it was pinned."""

    async def drain(self, worker: str) -> None:
        """Want no shards at a worker."""

    async def undrain(self, worker: str) -> bool:
        """Let a worker have shards again; return whether it was drained."""

    async def set_rebalancing(self, wanted: bool) -> None:  # noqa: FBT001 - the one thing that is set
        """Begin or end moving shards to where a new cluster would have them."""
