"""The bus: one ordered log a shard, and its listeners.

Durable events do not enter the log through the bus: they are committed together with the rows that they announce
(`core.store.interfaces.Transaction.announce`), so that neither exists without the other (docs/adr/0001). The bus
carries them from there on. It also publishes events beside the store: volatile ones, and envelopes that are sent again.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec

from core.wire.envelope import Envelope


class Delivery(msgspec.Struct, frozen=True):
    """An envelope with its place. `position` is 0 for a volatile one, which has no place in the log."""

    position: int
    shard: int
    envelope: Envelope


class Subscription(Protocol):
    """A listener's registration."""

    def close(self) -> None:
        """Stop listening. Safe to call twice."""


class Bus(Protocol):
    """The shards' logs."""

    num_shards: int

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the shards' logs; durable when it returns, and listeners in this process have been called."""

    def publish_volatile(self, envelopes: Sequence[Envelope]) -> None:
        """Pass to the listeners, in order with the rest but without a place in the log. May be lost in a crash."""

    def subscribe(self, listener: Callable[[Delivery], None], shards: Collection[int] | None = None) -> Subscription:
        """Call `listener` for every delivery of the shards (None = all), each shard in order of position.

        The listener runs on the event loop, must be quick and must not raise. For a commit of this process it has run
        before the commit's caller goes on, so caches that events invalidate never serve old values to that caller.
        """

    async def read(self, shard: int, after: int, limit: int = 1000) -> list[Delivery]:
        """Return up to `limit` durable deliveries of a shard with `position > after`, oldest first.

        Raises:
            LogTrimmed: when deliveries after `after` have been trimmed away already.
        """

    async def position(self, shard: int) -> int:
        """Return the position of the newest durable delivery of a shard, 0 when there is none."""


class LogTrimmed(Exception):
    """The log no longer reaches back that far; the reader must start from a snapshot."""
