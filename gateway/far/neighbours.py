"""The other workers of a cluster, and which of them is the home of what."""

from collections.abc import Callable
from typing import Protocol

from core.links.interfaces import LinkListener, Links


class Homes(Protocol):
    """Which life of a worker is the home of a shard's guilds, as far as this process knows."""

    def home_of(self, guild_id: int) -> str:
        """Return the worker that has a guild, "" when nobody has it now."""

    def owner_of(self, shard: int) -> str:
        """Return the worker that has a shard, "" when nobody has it now."""

    def is_here(self, shard: int) -> bool:
        """Return whether this worker has a shard."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a shard has another home."""


class Neighbours(Protocol):
    """What a gateway needs to have guilds in common with other workers."""

    @property
    def own(self) -> str:
        """The name of this worker's life."""

    @property
    def links(self) -> Links: ...

    @property
    def homes(self) -> Homes: ...

    def listen(self, listener: LinkListener) -> None:
        """Hear what comes over the links. Called once, before anything comes."""
