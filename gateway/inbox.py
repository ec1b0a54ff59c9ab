"""The events on their way from the bus to the actors.

The bus calls `put` in the middle of a commit, which must not wait for a fan-out: so deliveries queue here and are applied in
their order in the next turn of the loop, a slice at a time, so that a burst does not keep the sockets from being served.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from core.bus.interfaces import Delivery

logger = logging.getLogger(__name__)

SLICE: Final = 256
"""Deliveries a turn: some milliseconds where guilds are small."""


class Inbox:
    """See the module. `call_soon` is the event loop's."""

    __slots__ = ("_apply", "_call_soon", "_is_scheduled", "_queue")

    def __init__(self, *, apply: Callable[[Delivery], None], call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._apply = apply
        self._call_soon = call_soon
        self._queue: deque[Delivery] = deque()
        self._is_scheduled = False

    def put(self, delivery: Delivery) -> None:
        """Queue a delivery."""
        self._queue.append(delivery)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._call_soon(self.drain)

    def drain(self) -> None:
        """Apply what is queued, up to a slice of it."""
        for _ in range(min(SLICE, len(self._queue))):
            delivery = self._queue.popleft()
            try:
                self._apply(delivery)
            except Exception:
                # One event must not keep all others back; whatever it is, it is a fault of ours.
                logger.exception("an event could not be applied", extra={"event": delivery.envelope.event})
        self._is_scheduled = bool(self._queue)
        if self._is_scheduled:
            self._call_soon(self.drain)
