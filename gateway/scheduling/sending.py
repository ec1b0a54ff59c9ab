"""The send queue of dispatches, the turns of the loop that empty it, and the time that an event takes.

    event taken ─ begin ─→ fan-out into the queue ─ end ─→ turns ─→ the kernel has the last recipient's bytes: observed

One event is timed at a time, and events that come meanwhile are not. So timing costs two readings of the clock for each
sample, however many events come, and each event has the same chance to be a sample.

Owns the queue. Starts no task: turns are timers of the event loop.
"""

import logging
from collections.abc import Callable
from typing import Final

from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core_ext.delivery import SendQueue
from gateway.scheduling.batch_timer import CallLater

logger = logging.getLogger(__name__)

FLUSH_TRACKS: Final = 1500
"""The connections that one turn of the loop sends to: they take 5 ms, at 3 µs each, and then sockets are read again."""


class Sending:
    """`call_later(delay_s, callback)` is the event loop's; `observe` takes each sample, in seconds."""

    __slots__ = ("_began_s", "_call_later", "_clock", "_followed", "_mark", "_observe", "queue")

    def __init__(
        self,
        *,
        clock: Clock,
        call_later: CallLater,
        observe: Callable[[float], None],
    ) -> None:
        self.queue: Final = SendQueue(self._flush_soon)
        self._call_later = call_later
        self._clock = clock
        self._observe = observe
        self._began_s = 0.0
        self._followed: list[tuple[int, Callable[[], None]]] = []
        """Who waits until the queue has been emptied up to a mark: sampled events, which are few."""
        self._mark: int | None = None

    def begin(self) -> bool:
        """Begin an event. Return whether it is timed: then `end` must follow."""
        if self._mark is not None:
            return False
        self._began_s = self._clock.monotonic_s()
        return True

    def end(self) -> None:
        """Note that the recipients of the timed event are in the queue. An event that nobody gets is no sample."""
        if len(self.queue):
            self._mark = self.queue.entered

    def when_sent(self, told: Callable[[], None]) -> None:
        """Call back once the kernel has the bytes of all whom the queue holds now."""
        self._followed.append((self.queue.entered, told))
        if not len(self.queue):
            self._tell_followed()

    def _tell_followed(self) -> None:
        left = self.queue.left
        served = [told for mark, told in self._followed if mark <= left]
        self._followed = [each for each in self._followed if each[0] > left]
        for told in served:
            told()

    def _flush_soon(self) -> None:
        self._call_later(0, self._flush)

    def _flush(self) -> None:
        """Send the dispatches in the queue. A long queue takes several turns of the loop."""
        try:
            is_more = self.queue.flush(FLUSH_TRACKS)
        except Exception:
            logger.exception("a dispatch could not be sent")
            is_more = True
        if self._mark is not None and self.queue.left >= self._mark:
            self._mark = None
            self._observe(self._clock.monotonic_s() - self._began_s)
        if self._followed:
            self._tell_followed()
        if is_more:
            self._flush_soon()


def make_sending(*, clock: Clock, call_later: CallLater, metrics: Metrics) -> Sending:
    """Make a queue that reports its samples to the process's metrics."""
    return Sending(clock=clock, call_later=call_later, observe=metrics.events.fanout_seconds.observe)
