"""The meters of voice: what nodes tell of themselves, put into the process's metrics.

A node tells what it has counted since it began, so only what is new since its last word is added.
"""

from core.runtime.metrics.voice_metrics import DAVE_VERSIONS, VoiceMetrics
from core.voice.orders import Counts, Load


class VoiceMeters:
    """The meters of one gateway's node."""

    __slots__ = ("_known", "_metrics")

    def __init__(self, metrics: VoiceMetrics) -> None:
        self._metrics = metrics
        self._known: tuple[str, Counts] = ("", Counts())

    def observe(self, node: str, load: Load) -> None:
        """Take what a node has told. A name that is new is a node that has begun."""
        name, known = self._known
        before = known if name == node else Counts()
        now = load.counts
        self._known = node, now
        metrics = self._metrics
        metrics.rooms.set(load.rooms)
        metrics.peers.set(load.peers)
        metrics.busy_ratio.set(load.busy)
        metrics.joins_total.inc(now.joins - before.joins)
        metrics.packets_total.labels("in").inc(now.packets_in - before.packets_in)
        metrics.packets_total.labels("out").inc(now.packets_out - before.packets_out)
        metrics.bytes_total.labels("in").inc(now.bytes_in - before.bytes_in)
        metrics.bytes_total.labels("out").inc(now.bytes_out - before.bytes_out)
        metrics.forward_seconds_total.inc(now.measured_s - before.measured_s)
        metrics.forwards_measured_total.inc(now.measured - before.measured)
        metrics.dave_rooms.labels("0").set(load.rooms - load.encrypted)
        metrics.dave_rooms.labels("1").set(load.encrypted)
        for happening, count in now.dave.items():
            metrics.dave_total.labels(happening).inc(count - before.dave.get(happening, 0))
        for reason, count in now.drops.items():
            metrics.drops_total.labels(reason).inc(count - before.drops.get(reason, 0))

    def on_end(self) -> None:
        """Note that the node has ended."""
        self._metrics.rooms.set(0)
        self._metrics.peers.set(0)
        for version in DAVE_VERSIONS:
            self._metrics.dave_rooms.labels(version).set(0)
        self._metrics.busy_ratio.set(0)
        self._metrics.restarts_total.inc()
