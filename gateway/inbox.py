"""The events on their way from the bus to the actors.

The bus calls `put` in the middle of a commit, which must not wait for a fan-out: so deliveries queue here and are applied in
their order in the next turn of the loop, a slice at a time, so that a burst does not keep the sockets from being served.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from core.bus.interfaces import Delivery
from core.runtime.clock import Clock

logger = logging.getLogger(__name__)

SLICE_S: Final = 0.005
"""How long one turn applies events: sockets wait no longer than that, and one event."""


class Inbox:
    """See the module. `call_soon` is the event loop's."""

    __slots__ = ("_apply", "_call_soon", "_clock", "_is_scheduled", "_queue")

    def __init__(
        self,
        *,
        apply: Callable[[Delivery], None],
        call_soon: Callable[[Callable[[], None]], object],
        clock: Clock,
    ) -> None:
        self._apply = apply
        self._call_soon = call_soon
        self._clock = clock
        self._queue: deque[Delivery] = deque()
        self._is_scheduled = False

    def put(self, delivery: Delivery) -> None:
        """Queue a delivery."""
        self._queue.append(delivery)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._call_soon(self._drain)

    def flush(self) -> None:
        """Apply all that is queued, now: for who has read something that these events may already be in. Not from `apply`."""
        while self._queue:
            self._apply_next()

    def _drain(self) -> None:
        until_s = self._clock.monotonic_s() + SLICE_S
        while self._queue and self._clock.monotonic_s() < until_s:
            self._apply_next()
        self._is_scheduled = bool(self._queue)
        if self._is_scheduled:
            self._call_soon(self._drain)

    def _apply_next(self) -> None:
        delivery = self._queue.popleft()
        try:
            self._apply(delivery)
        except Exception:
            # One event must not keep all others back; whatever it is, it is a fault of ours.
            logger.exception("an event could not be applied", extra={"event": delivery.envelope.event})
