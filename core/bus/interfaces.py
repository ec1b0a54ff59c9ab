"""The bus: one ordered log a shard, and its listeners.

Durable events do not enter the log through the bus: they are committed together with the rows that they announce
(`core.store.interfaces.Transaction.announce`), so that neither exists without the other (docs/adr/0001). The bus
carries them from there on. It also publishes events beside the store: volatile ones, and envelopes that are sent again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from core.wire.envelope import Envelope


class Delivery(msgspec.Struct, frozen=True):
    """An envelope with its place.

    A shard has two orders, which agree: that of all that its log holds, and that of the changes of its relational rows.
    A snapshot of rows says how far it goes in the second one: it contains the deliveries of its shard with
    0 < revision ≤ its revision, and no others. So a reader that hears a shard and then takes a snapshot drops those,
    and applies all the rest.
    """

    position: int
    """The place in the shard's log, which grows; 0 for a volatile envelope, which has none."""
    shard: int
    envelope: Envelope
    revision: int = 0
    """The place among the events that units of work have announced, which grows with the position; 0 for all others:
    events of messages, published ones, volatile ones. The store gives it with the commit (`core.store.interfaces`)."""


class Subscription(Protocol):
    """A listener's registration."""

    def close(self) -> None:
        """Stop listening. Safe to call twice."""


class Bus(Protocol):
    """The shards' logs."""

    num_shards: int

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the shards' logs, without a revision; durable and delivered to this process when it returns."""

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
        """Return the position of the newest durable delivery of a shard.

        Without one it is the place before the first: 0, or with generations `position_of(generation, 0)`, after which
        a session that has been told nothing yet can go on.

        Raises:
            Unavailable: when a process that has just begun does not get to know it in time.
        """

    async def wait_for_newest(self) -> None:
        """Wait until the listeners of this process have been called with all that the logs had before this call.

        Raises:
            Unavailable: when they are not in time, or the logs do not answer.
        """

    async def wait_for_revisions(self, revisions: Mapping[int, int]) -> None:
        """Wait until the listeners of this process have been called with all that rows have shown.

        `revisions` are those of shards, as `LoginReader.fetch_revisions` or a snapshot gives them. Afterwards every
        delivery with 0 < revision ≤ its shard's has been handed over, also when another process has committed it.

        Raises:
            Unavailable: when they do not come in time.
        """


class LogTrimmed(Exception):
    """The log no longer reaches back that far; the reader must start from a snapshot."""
