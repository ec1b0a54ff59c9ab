"""Two gateways on one store that have guilds in common: one with the sockets of clients, one with the guilds."""

from collections.abc import Callable

from core.domain.ids import shard_of
from core.links.interfaces import LinkListener
from tests.fakes.gateway.memory_links import MemoryLinks


class FixedHomes:
    """The homes of guilds, by their shards. `owner_of` names the worker of a shard."""

    def __init__(self, *, own: str, num_shards: int, owner_of: Callable[[int], str]) -> None:
        self._own = own
        self._num_shards = num_shards
        self._owner_of = owner_of
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the shards move."""
        self._listeners.append(listener)

    def move(self, owner_of: Callable[[int], str]) -> None:
        """Let the shards have other homes."""
        self._owner_of = owner_of
        for listener in self._listeners:
            listener()

    def owner_of(self, shard: int) -> str:
        """Return the worker that has a shard."""
        return self._owner_of(shard)

    def home_of(self, guild_id: int) -> str:
        """Return the worker that has a guild."""
        return self._owner_of(shard_of(guild_id, self._num_shards))

    def is_here(self, shard: int) -> bool:
        """Return whether a shard is here."""
        return self._owner_of(shard) == self._own


class FixedNeighbours:
    """The neighbours of one of the workers."""

    def __init__(self, own: str, *, num_shards: int, owner_of: Callable[[int], str]) -> None:
        self.own = own
        self.links = MemoryLinks(own)
        self.homes = FixedHomes(own=own, num_shards=num_shards, owner_of=owner_of)

    def listen(self, listener: LinkListener) -> None:
        """Hear what comes over the links."""
        self.links.listener = listener
