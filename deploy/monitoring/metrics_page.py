"""docs/metrics.md, made of the metrics' own declarations, so that it cannot be older than they are.

A label's values are bounded, or each new user, guild or message would cost Prometheus memory for ever. What bounds each
stands here, and in the page; a metric with another label is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from typing_extensions import override

from core.runtime.metrics.cluster_metrics import CassandraMetrics, ClusterMetrics
from core.runtime.metrics.link_metrics import LinkMetrics
from core.runtime.metrics.metrics import Metrics
from core.runtime.metrics.shard_metrics import ControllerMetrics, WorkerShardMetrics
from core.runtime.metrics.voice_metrics import VoiceMetrics

FILE: Final = Path(__file__).parents[2] / "docs" / "metrics.md"

GROUPS: Final[Mapping[str, Callable[[CollectorRegistry], object]]] = {
    "every process that serves": Metrics,
    "processes of a cluster that serve": ClusterMetrics,
    "processes of a cluster with Cassandra": CassandraMetrics,
    "workers of a cluster: leases and shards": WorkerShardMetrics,
    "workers of a cluster: links to other workers": LinkMetrics,
    "controllers of a cluster": ControllerMetrics,
    "media nodes, also the embedded server's own": VoiceMetrics,
}

LABELS: Final[Mapping[str, str]] = {
    "carrier": "how a link is carried: a connection of its own, or Redis",
    "channel_type": "Discord's channel types that have messages",
    "code": "close codes of the gateway",
    "direction": "sent, received",
    "error": "the kinds of errors of a driver",
    "event": "names of dispatches",
    "happening": "a few words, which the operator's guide lists",
    "kernels": "compiled or plain, one of them",
    "kind": "kinds of openings: messages, edits, deletions",
    "limit": "names of limits",
    "method": "methods of HTTP that routes have; all others are OTHER",
    "outcome": "a few words, which the table's metric or the operator's guide lists",
    "reason": "a few words of a media node",
    "route": "templates of the API's routes, never a path; one for whatever matches none",
    "script": "Redis scripts of this version",
    "shard": "shards, as many as store.num_shards says",
    "statement": "statements of this version to Cassandra",
    "status": "statuses of HTTP; for presences online, idle, dnd, invisible, offline",
    "step": "steps at a channel's door",
    "version": "the version that runs; of DAVE 0 and 1",
    "way": "a few words, which the operator's guide lists",
    "worker": "names of workers",
}
"""What bounds each label's values. None of them grows with users, guilds or messages."""


class Declared(msgspec.Struct, frozen=True):
    """A metric as it is declared."""

    name: str
    kind: str
    labels: tuple[str, ...]
    about: str


class _Recorder(CollectorRegistry):
    """A registry that keeps what is registered."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[Collector] = []

    @override
    def register(self, collector: Collector) -> None:
        super().register(collector)
        self.recorded.append(collector)


def list_metrics(group: Callable[[CollectorRegistry], object]) -> Iterator[Declared]:
    """List what a group of metrics declares. Raises KeyError for a label without a bound."""
    recorder = _Recorder()
    group(recorder)
    for collector in recorder.recorded:
        described: Any = next(iter(collector.describe()))  # type: ignore[attr-defined]
        labels = tuple(collector._labelnames)  # type: ignore[attr-defined]
        for label in labels:
            _ = LABELS[label]
        name = f"{described.name}_total" if described.type == "counter" else described.name
        yield Declared(name, described.type, labels, described.documentation)


def make_page() -> str:
    """Return the page."""
    parts = [
        "# Metrics",
        "",
        "What `/metrics` of each process tells, made from the declarations in `core/runtime/metrics/` by",
        "`python -m deploy.monitoring page`. A histogram has `_bucket{le}`, `_sum` and `_count`. Each process has also",
        "prometheus-client's own `process_*` and `python_*`. Dashboards and alerts are in `deploy/monitoring/`; the",
        "operator's guide says what to look at (Watching).",
    ]
    for title, group in GROUPS.items():
        parts += ["", f"## Of {title}", "", "| metric | type | labels | what it tells |", "|---|---|---|---|"]
        parts += [
            f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} | {each.about} |"
            for each in list_metrics(group)
        ]
    parts += ["", "## Labels", "", "| label | its values |", "|---|---|"]
    parts += [f"| `{name}` | {values} |" for name, values in LABELS.items()]
    return "\n".join(parts) + "\n"
