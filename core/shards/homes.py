"""The homes of shards: which life of a worker has each, as the map and the roster say.

The map names an incarnation, and the roster the present life of its worker. A worker that was started again has the
shards of its earlier life from its start on: they are given to it by its name, under other epochs, in a moment.

A shard that nobody has yet is at the worker that asks, if it knows of no other one. So a cluster of one worker serves
at once, and without a controller.

Nothing breaks when two processes disagree for a while. Every worker follows all logs, and a home writes nothing: who
still sits at an old home is told what happens there as well.
"""

from collections.abc import Callable

from core.domain.ids import shard_of
from core.shards.incarnations import name_of
from core.shards.roster import Roster
from core.shards.shard_map import ShardMap


class ShardHomes:
    """The homes of all shards, as the worker whose life is `process` knows them."""

    __slots__ = ("_listeners", "_name", "_owners", "_process")

    def __init__(self, *, process: str, num_shards: int) -> None:
        self._process = process
        self._name = name_of(process)
        self._owners = [process] * num_shards
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` when a shard has another home. It must be quick."""
        self._listeners.append(listener)

    def owner_of(self, shard: int) -> str:
        """Return the life that has a shard, "" when nobody has it now."""
        return self._owners[shard]

    def home_of(self, guild_id: int) -> str:
        """Return the life that has a guild, "" when nobody has it now."""
        return self._owners[shard_of(guild_id, len(self._owners))]

    def is_here(self, shard: int) -> bool:
        """Return whether this worker has a shard."""
        return self._owners[shard] == self._process

    def take(self, shard_map: ShardMap, roster: Roster) -> None:
        """Take what the map and the roster say now."""
        nobody = "" if roster.others else self._process
        owners = [nobody] * len(self._owners)
        for shard, place in shard_map.places.items():
            name = name_of(place.owner)
            owners[shard] = self._process if name == self._name else roster.find_life(name)
        if owners != self._owners:
            self._owners = owners
            for listener in self._listeners:
                listener()
