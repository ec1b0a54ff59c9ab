"""What is counted of events: dispatches by name, and how long a guild's event took to reach its local sessions."""

import contextlib
from collections.abc import Iterator

from prometheus_client import Counter

from core.runtime.clock import Clock
from core.runtime.metrics import Metrics


class EventMeter:
    """Keeps the labelled counters: looking one up costs more than counting."""

    __slots__ = ("_clock", "_counters", "_metrics")

    def __init__(self, *, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._counters: dict[str, Counter] = {}

    def count(self, event: str, sessions: int) -> None:
        """An event was dispatched to so many sessions."""
        counter = self._counters.get(event)
        if counter is None:
            counter = self._counters[event] = self._metrics.dispatch_total.labels(event)
        counter.inc(sessions)

    @contextlib.contextmanager
    def fan_out(self) -> Iterator[None]:
        """Time what is within."""
        began_s = self._clock.monotonic_s()
        yield
        self._metrics.fanout_seconds.observe(self._clock.monotonic_s() - began_s)
