"""The callables with which the parts of a cluster's process count: each part knows only its own, and no metric.

What is counted per message keeps its child of the metric, since a lookup by labels costs more than the count.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram

from core.runtime.metrics.cluster_metrics import ClusterMetrics

_INSERT: Final = "store"
"""The step of a message between the two of its door."""
_STEPS: Final = ("open", _INSERT, "close")


class ClusterMeters:
    """The callables over the metrics of one process."""

    __slots__ = ("_calls", "_metrics", "_missed", "_steps", "count_gap", "count_swept_events", "observe_lag")

    def __init__(self, registry: CollectorRegistry) -> None:
        metrics = self._metrics = ClusterMetrics(registry)
        self._calls: dict[str, Histogram] = {}
        self._missed = {"gap": metrics.tail_gaps_total, "loss": metrics.tail_losses_total}
        self._steps = {step: metrics.door_step_seconds.labels(step) for step in _STEPS}
        self.count_gap = metrics.relay_gaps_total.inc
        self.count_swept_events = metrics.outbox_swept_events_total.inc
        self.observe_lag = metrics.tail_lag_seconds.observe

    def observe_call(self, script: str, seconds: float) -> None:
        """Count an answered call of a script in Redis."""
        child = self._calls.get(script)
        if child is None:
            child = self._calls[script] = self._metrics.redis_call_seconds.labels(script)
        child.observe(seconds)

    def count_call_error(self, script: str, error: str) -> None:
        """Count a failed call of a script in Redis."""
        self._metrics.redis_call_errors_total.labels(script, error).inc()

    def count_missed(self, what: str) -> None:
        """Count what the tail has missed: a "gap" or a "loss"."""
        self._missed[what].inc()

    def observe_step(self, step: str, seconds: float) -> None:
        """Count a step at a door: "open" or "close"."""
        self._steps[step].observe(seconds)

    def observe_insert(self, seconds: float) -> None:
        """Count the insert of a message."""
        self._steps[_INSERT].observe(seconds)

    def count_opening(self, kind: str, outcome: str) -> None:
        """Count an opening that the sweep has found."""
        self._metrics.door_openings_swept_total.labels(kind, outcome).inc()
