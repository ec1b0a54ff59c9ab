"""Which shards have got another home since the last look."""

from collections.abc import Callable


class ShardChanges:
    """`owner_of` names the home of a shard, "" while nobody has it."""

    __slots__ = ("_owner_of", "_owners")

    def __init__(self, *, owner_of: Callable[[int], str], num_shards: int) -> None:
        self._owner_of = owner_of
        self._owners = [owner_of(shard) for shard in range(num_shards)]

    def take(self) -> set[int]:
        """Return the shards whose home is another one than at the last call."""
        before, self._owners = self._owners, [self._owner_of(shard) for shard in range(len(self._owners))]
        return {shard for shard, home in enumerate(self._owners) if home != before[shard]}
