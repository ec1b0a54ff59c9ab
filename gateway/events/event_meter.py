"""Metrics of events: dispatches by name, and how far the readers of logs are behind."""

from prometheus_client import Counter, Gauge

from core.domain.ids import created_ms
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics


class EventMeter:
    """Counts events. It keeps the labelled counters, because looking one up costs more than counting."""

    __slots__ = ("_clock", "_counters", "_lags", "_metrics")

    def __init__(self, *, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._counters: dict[str, Counter] = {}
        self._lags: dict[int, Gauge] = {}

    def count(self, event: str, sessions: int) -> None:
        """Count an event that was dispatched to so many sessions."""
        counter = self._counters.get(event)
        if counter is None:
            counter = self._counters[event] = self._metrics.events.dispatch_total.labels(event)
        counter.inc(sessions)

    def note_lag(self, shard: int, envelope_id: int) -> None:
        """Note that an event of a shard's log is applied now. Its id has the time when it was made."""
        gauge = self._lags.get(shard)
        if gauge is None:
            gauge = self._lags[shard] = self._metrics.events.log_lag_seconds.labels(str(shard))
        gauge.set((self._clock.now_ms() - created_ms(envelope_id)) / 1000)
