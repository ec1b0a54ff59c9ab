"""What links count, brought into the metrics of the process once a second, by the names of workers."""

from prometheus_client import CollectorRegistry
from typing_extensions import override

from core.links.meters import LinkCounts, LinkMeters
from core.runtime.metrics.link_metrics import LinkMetrics


class LinkMetersOfProcess(LinkMeters):
    """The meters of one process."""

    __slots__ = ("_carriers", "_metrics")

    def __init__(self, registry: CollectorRegistry) -> None:
        self._metrics = LinkMetrics(registry)
        self._carriers: dict[str, str] = {}
        """What has carried the link to each worker at the last look."""

    @override
    def observe(self, worker: str, counts: LinkCounts) -> None:
        metrics = self._metrics
        metrics.frames_total.labels(worker, "sent").inc(counts.frames_sent)
        metrics.frames_total.labels(worker, "received").inc(counts.frames_received)
        metrics.bytes_total.labels(worker, "sent").inc(counts.bytes_sent)
        metrics.bytes_total.labels(worker, "received").inc(counts.bytes_received)
        metrics.resent_frames_total.labels(worker).inc(counts.frames_resent)
        metrics.connections_total.labels(worker).inc(counts.wires)
        metrics.broken_total.labels(worker).inc(counts.broken)
        metrics.unacknowledged_bytes.labels(worker).set(counts.kept_bytes)
        self._show_carrier(worker, counts.carrier)

    def _show_carrier(self, worker: str, carrier: str) -> None:
        before = self._carriers.get(worker, "")
        if before and before != carrier:
            self._metrics.up.labels(worker, before).set(0)
        if carrier:
            self._metrics.up.labels(worker, carrier).set(1)
        self._carriers[worker] = carrier
