"""The ground of the tiers: what is built before them, and what each process has, whatever its role.

`embedded_ground` and `cluster_ground` lay it, `tiers` builds on it.
"""

from typing import Final

import msgspec
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from core.bus.interfaces import Bus
from core.door.interfaces import Door
from core.live.interfaces import OnlineCounts, RateLimiter, RequestGate, SessionStarts
from core.live.refusals import Refusals
from core.runtime.clock import Clock
from core.runtime.descriptors import DescriptorShares
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.metrics import Metrics
from core.runtime.randomness import SYSTEM_RANDOMNESS, Randomness
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import Settings
from core.runtime.traces.interfaces import Tracer
from core.store.aggregates.session_journal import SessionJournal
from core.store.interfaces import Store
from core.store.node_ids import NodeIds
from core_ext.chooser import IS_PURE
from guildway.version import VERSION

KERNELS: Final = "plain" if IS_PURE else "compiled"


class Ground(msgspec.Struct, kw_only=True, frozen=True):
    """The parts that are built before the tiers and that more than one of them needs."""

    settings: Settings
    clock: Clock
    store: Store
    bus: Bus
    ids: NodeIds
    metrics: Metrics
    door: Door
    limiter: RateLimiter
    request_gate: RequestGate
    refusals: Refusals
    session_journal: SessionJournal
    online: OnlineCounts
    starts: SessionStarts
    readiness: Readiness
    garbage: GarbageControl
    shares: DescriptorShares
    random: Randomness = SYSTEM_RANDOMNESS
    tracer: Tracer | None = None
    """None where nothing is traced."""


def build_metrics(*, worker: str) -> Metrics:
    """Make a registry of this process, with prometheus-client's metrics of a process.

    A time of creation beside each count, which prometheus-client adds by default, would double what is scraped.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return Metrics(registry, worker=worker)


def show_process(metrics: Metrics, readiness: Readiness) -> None:
    """Connect the gauges of the process that are computed when the page is read."""
    metrics.process.build_info.labels(version=VERSION, kernels=KERNELS).set(1)
    metrics.process.ready.set_function(lambda: 0.0 if readiness.last_fault else 1.0)
    metrics.process.impaired.set_function(lambda: float(len(readiness.last_impairments)))
