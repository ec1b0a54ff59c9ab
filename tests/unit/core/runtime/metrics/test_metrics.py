"""The metrics have the names that dashboards rely on, and the operator's guide tells of each."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest

from core.runtime.metrics.cluster_metrics import CassandraMetrics, ClusterMetrics
from core.runtime.metrics.link_metrics import LinkMetrics
from core.runtime.metrics.metrics import Metrics
from core.runtime.metrics.shard_metrics import ControllerMetrics, WorkerShardMetrics
from core.runtime.metrics.voice_metrics import VoiceMetrics

GUIDE = Path(__file__).parents[5] / "docs" / "operators-guide.md"

NAMES = {
    "guildway_messages_sent_total",
    "guildway_message_latency_seconds",
    "guildway_websocket_connections",
    "guildway_presence_updates_total",
    "guildway_api_latency_seconds",
    "guildway_dispatch_total",
    "guildway_fanout_seconds",
    "guildway_gateway_closes_total",
    "guildway_gc_pause_seconds",
    "guildway_build_info",
    "guildway_external_pictures_total",
    "guildway_preview_seconds",
    "guildway_previews_total",
    "guildway_previews_waiting",
    "guildway_commit_failures_total",
    "guildway_commit_seconds",
    "guildway_database_bytes",
    "guildway_database_wal_bytes",
    "guildway_disk_free_bytes",
    "guildway_limit_refusals_total",
    "guildway_log_lag_seconds",
    "guildway_logins_total",
    "guildway_loop_lag_seconds",
    "guildway_impaired",
    "guildway_ready",
    "guildway_sessions",
    "guildway_resume_total",
    "guildway_session_buffer_bytes",
    "guildway_session_cut_seconds",
    "guildway_guild_replays_total",
    "guildway_session_moves_total",
}


def test_metrics_have_the_promised_names() -> None:
    text = generate_latest(Metrics().registry).decode()
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {name for name in families if not name.endswith("_created")} == NAMES


def test_operators_guide_tells_of_each_metric_with_its_labels() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    CassandraMetrics(registry)
    ClusterMetrics(registry)
    LinkMetrics(registry)
    VoiceMetrics(registry)
    WorkerShardMetrics(registry)
    ControllerMetrics(registry)
    told = set()
    for line in GUIDE.read_text().splitlines():
        if line.startswith("| `guildway_"):
            told |= set(re.findall(r"`(guildway_\w+(?:\{[\w,]+\})?)`", line.split(" | ")[0]))
    assert {f"{_name_of(family)}{_labels_of(registry, family)}" for family in registry.collect()} == told


def _name_of(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels_of(registry: CollectorRegistry, family: Metric) -> str:
    # prometheus-client shows the labels of a metric without samples nowhere else.
    labels = registry._names_to_collectors[family.name]._labelnames
    return "{" + ",".join(labels) + "}" if labels else ""


def test_metrics_take_the_promised_labels() -> None:
    metrics = Metrics()
    metrics.api.messages_sent_total.labels(channel_type="0").inc()
    metrics.connections.websocket_connections.inc()
    metrics.events.presence_updates_total.labels(status="online").inc()
    metrics.api.api_latency_seconds.labels(route="/gateway", method="GET", status="200").observe(0.1)
    metrics.events.dispatch_total.labels(event="MESSAGE_CREATE").inc()
    metrics.events.log_lag_seconds.labels(shard="0").set(0.5)
    metrics.connections.resume_total.labels(outcome="resumed").inc()
    text = generate_latest(metrics.registry).decode()
    assert 'guildway_api_latency_seconds_count{method="GET",route="/gateway",status="200"} 1.0' in text


def test_metrics_of_two_processes_are_apart() -> None:
    first, second = Metrics(), Metrics()
    first.connections.session_buffer_bytes.set(5)
    assert "guildway_session_buffer_bytes 0.0" in generate_latest(second.registry).decode()
