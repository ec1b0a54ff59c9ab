"""The counts of a controller, over its metrics."""

from typing_extensions import override

from core.runtime.metrics.shard_metrics import ControllerMetrics
from shardctl.control.controller import ControllerMeters


class PrometheusMeters(ControllerMeters):
    """The `ControllerMeters` of a process."""

    __slots__ = ("_metrics",)

    def __init__(self, metrics: ControllerMetrics) -> None:
        self._metrics = metrics

    @override
    def note_term(self, term: int) -> None:
        self._metrics.controller_term.set(term)

    @override
    def note_workers(self, living: int) -> None:
        self._metrics.workers.set(living)

    @override
    def count_given(self, shards: int) -> None:
        self._metrics.shards_given_total.inc(shards)

    @override
    def count_begun(self, shards: int) -> None:
        self._metrics.shard_moves_begun_total.inc(shards)
