"""The listeners of each shard, and the calls to them in order."""

import logging
from collections.abc import Callable, Collection, Iterable

from core.bus.interfaces import Delivery

logger = logging.getLogger(__name__)

Listener = Callable[[Delivery], None]


class Listeners:
    """The listeners of one bus. They run on the event loop, in the order in which they subscribed."""

    __slots__ = ("_by_shard",)

    def __init__(self, num_shards: int) -> None:
        self._by_shard: list[tuple[Listener, ...]] = [()] * num_shards

    def add(self, listener: Listener, shards: Collection[int] | None = None) -> "ListenerSubscription":
        """Call `listener` for the shards' deliveries from now on (None = all shards)."""
        wanted = range(len(self._by_shard)) if shards is None else sorted(set(shards))
        for shard in wanted:
            self._by_shard[shard] = (*self._by_shard[shard], listener)
        return ListenerSubscription(self, listener, wanted)

    def remove(self, listener: Listener, shards: Iterable[int]) -> None:
        """Forget one registration of a listener; the same function may be registered twice."""
        for shard in shards:
            left = list(self._by_shard[shard])
            left.remove(listener)
            self._by_shard[shard] = tuple(left)

    def call(self, delivery: Delivery) -> None:
        """Hand one delivery to the shard's listeners. One that raises does not keep it from the others."""
        for listener in self._by_shard[delivery.shard]:
            try:
                listener(delivery)
            except Exception:
                logger.exception(
                    "bus listener failed", extra={"shard": delivery.shard, "envelope_id": delivery.envelope.id}
                )


class ListenerSubscription:
    """A registration that can be ended."""

    __slots__ = ("_listener", "_listeners", "_shards")

    def __init__(self, listeners: Listeners, listener: Listener, shards: Iterable[int]) -> None:
        self._listeners = listeners
        self._listener = listener
        self._shards = shards

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        shards, self._shards = self._shards, ()
        self._listeners.remove(self._listener, shards)
