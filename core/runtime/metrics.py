"""The process's Prometheus metrics, declared once.

Made by the composition root with a registry of its own and passed to whoever counts; nobody touches prometheus-client's
global registry. Labels cost a lookup: on a hot path keep the child (`metrics.dispatch_total.labels("MESSAGE_CREATE")`).
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from core.runtime.histogram import Histogram

_REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 2.5, 5.0, 10.0)
"""Around the latency goals of sending and reading (200, 300, 500 and 800 ms), and fine enough below them."""

_FANOUT_BUCKETS_S = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
"""One event takes microseconds for a small guild and tens of milliseconds for 10,000 sessions."""

_PAUSE_BUCKETS_S = (0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Around 10 ms, which no pause should take."""


class Metrics:
    """One attribute a metric; names are `guildway_` and the attribute's."""

    __slots__ = (
        "api_latency_seconds",
        "build_info",
        "commit_failures_total",
        "commit_seconds",
        "database_bytes",
        "database_log_bytes",
        "disk_free_bytes",
        "dispatch_total",
        "fanout_seconds",
        "gateway_closes_total",
        "gc_pause_seconds",
        "limit_refusals_total",
        "log_lag_seconds",
        "logins_total",
        "loop_lag_seconds",
        "message_latency_seconds",
        "messages_sent_total",
        "presence_updates_total",
        "ready",
        "registry",
        "resume_total",
        "session_buffer_bytes",
        "sessions",
        "websocket_connections",
    )

    def __init__(self, registry: CollectorRegistry | None = None, *, worker: str = "0") -> None:
        """`worker` is the label that tells the gateway processes apart."""
        self.registry = registry if registry is not None else CollectorRegistry()
        reg = self.registry
        self.messages_sent_total = Counter(
            "guildway_messages_sent_total",
            "Messages stored, by Discord's channel type.",
            ["channel_type"],
            registry=reg,
        )
        self.message_latency_seconds = Histogram(
            "guildway_message_latency_seconds",
            "From a message's request to its stored and logged answer.",
            buckets=_REQUEST_BUCKETS_S,
            registry=reg,
        )
        self.websocket_connections = Gauge(
            "guildway_websocket_connections", "Open gateway connections.", ["worker"], registry=reg
        ).labels(worker)
        self.presence_updates_total = Counter(
            "guildway_presence_updates_total", "Presence changes of users, by new status.", ["status"], registry=reg
        )
        self.api_latency_seconds = Histogram(
            "guildway_api_latency_seconds",
            "Time to answer a request; the route is the template, never the path.",
            ["route", "method", "status"],
            buckets=_REQUEST_BUCKETS_S,
            registry=reg,
        )
        self.dispatch_total = Counter(
            "guildway_dispatch_total", "Dispatches handed to sessions, by event.", ["event"], registry=reg
        )
        self.fanout_seconds = Histogram(
            "guildway_fanout_seconds",
            "From taking an event to handing it to the kernel for the last of its local sessions; one event at a time is timed.",
            buckets=_FANOUT_BUCKETS_S,
            registry=reg,
        )
        self.gateway_closes_total = Counter(
            "guildway_gateway_closes_total",
            "Gateway connections that the server closed, by close code.",
            ["code"],
            registry=reg,
        )
        self.gc_pause_seconds = Histogram(
            "guildway_gc_pause_seconds",
            "How long a search for cyclic garbage held the process up.",
            buckets=_PAUSE_BUCKETS_S,
            registry=reg,
        )
        self.build_info = Gauge(
            "guildway_build_info", "1; the labels say what runs.", ["version", "kernels"], registry=reg
        )
        self.ready = Gauge("guildway_ready", "1 while the process can do its work, as /ready says.", registry=reg)
        self.commit_seconds = Histogram(
            "guildway_commit_seconds",
            "From a transaction's last statements to its commit on disk.",
            buckets=_REQUEST_BUCKETS_S,
            registry=reg,
        )
        self.commit_failures_total = Counter(
            "guildway_commit_failures_total", "Transactions that the database refused.", registry=reg
        )
        self.database_bytes = Gauge("guildway_database_bytes", "Size of the database's file.", registry=reg)
        self.database_log_bytes = Gauge(
            "guildway_database_wal_bytes", "Size of the database's write-ahead log.", registry=reg
        )
        self.disk_free_bytes = Gauge(
            "guildway_disk_free_bytes", "What is left of the data folder's disk.", registry=reg
        )
        self.loop_lag_seconds = Histogram(
            "guildway_loop_lag_seconds",
            "How much later than it was due a timer's call came: how long the event loop was busy with something else.",
            buckets=_PAUSE_BUCKETS_S,
            registry=reg,
        )
        self.sessions = Gauge(
            "guildway_sessions", "Gateway sessions, with those that wait for a resume.", ["worker"], registry=reg
        ).labels(worker)
        self.limit_refusals_total = Counter(
            "guildway_limit_refusals_total",
            "Requests and commands that a limit refused, by limit.",
            ["limit"],
            registry=reg,
        )
        self.logins_total = Counter(
            "guildway_logins_total", "Attempts to log in with a password, by outcome.", ["outcome"], registry=reg
        )
        self.log_lag_seconds = Gauge(
            "guildway_log_lag_seconds", "Age of a shard's newest event when it was applied.", ["shard"], registry=reg
        )
        self.resume_total = Counter(
            "guildway_resume_total", "Attempts to resume, by outcome.", ["outcome"], registry=reg
        )
        self.session_buffer_bytes = Gauge(
            "guildway_session_buffer_bytes", "Bytes that wait for slow clients, all sessions together.", registry=reg
        )
