"""How far the homes of guilds elsewhere have dispatched, as they say themselves.

A home tells its positions behind what each turn of its loop has brought (`gateway.far.frames.Reached`). What has come
from it since it told them the last time may be a part of an event's dispatches, if the conversation ends there. So a
session goes on after the position only in a guild from which nothing has come since.

A shard's positions count from its home alone, as this worker's map says. When the map names another one in the middle
of what a home has to say, its sessions stay there until the rest has come, and so long its positions count.
"""

from collections.abc import Callable, Collection, Mapping

from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress


class HomePositions:
    """`owner_of` returns the home of a shard."""

    __slots__ = ("_num_shards", "_owner_of", "_progress", "_stays", "_touched")

    def __init__(self, *, progress: LogProgress, owner_of: Callable[[int], str], num_shards: int) -> None:
        self._num_shards = num_shards
        self._owner_of = owner_of
        self._progress = progress
        self._stays: dict[int, str] = {}
        """The homes of shards at which sessions sit yet, although they are their homes no more."""
        self._touched: dict[str, set[int]] = {}
        """The guilds from which something has come since their home told its positions."""

    def touch(self, peer: str, guild_id: int) -> None:
        """Note that something of a guild has come from a home."""
        self._touched.setdefault(peer, set()).add(guild_id)

    def is_whole(self, peer: str) -> bool:
        """Return whether what has come from a home is whole, as far as it goes."""
        return not self._touched.get(peer)

    def broken(self, peer: str) -> Collection[int]:
        """Return the guilds from which a part of an event's dispatches may have come."""
        return self._touched.get(peer, ())

    def stay(self, shard: int, peer: str) -> None:
        """Set at which home the sessions in a shard sit yet, where the map names another one; "": at none."""
        if peer:
            self._stays[shard] = peer
        else:
            self._stays.pop(shard, None)

    def counts(self, peer: str, guild_id: int) -> bool:
        """Return whether it is this home whose positions count for a guild."""
        return self._find_home(shard_of(guild_id, self._num_shards)) == peer

    def _find_home(self, shard: int) -> str:
        return self._stays.get(shard) or self._owner_of(shard)

    def reach(self, peer: str, positions: Mapping[int, int]) -> None:
        """Take what a home tells."""
        self._touched.pop(peer, None)
        self._progress.reach({shard: at for shard, at in positions.items() if self._find_home(shard) == peer})

    def find(self, shard: int) -> int:
        """Return the position up to which the home where the sessions sit has dispatched a shard, 0 when not known.

        It holds for all guilds of the shard that are not `broken`.
        """
        return self._progress.reached(shard)

    def forget(self, peer: str) -> None:
        """Forget a home with which the conversation is over, when its sessions have been asked for."""
        self._touched.pop(peer, None)
        self._stays = {shard: home for shard, home in self._stays.items() if home != peer}
