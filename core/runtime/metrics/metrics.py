"""The process's Prometheus metrics, declared once, a group for each part of the process.

The composition root makes them with a registry of its own and passes them to the parts that count. The global registry
of prometheus-client is not used. A metric's name is `guildway_` and its attribute's. Labels cost a lookup: on a hot
path keep the child (`metrics.gateway.dispatch_total.labels("MESSAGE_CREATE")`).
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 2.5, 5.0, 10.0)
"""Buckets around the latency goals of sending and reading (200, 300, 500 and 800 ms), and finer ones below."""

_FANOUT_BUCKETS_S = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
"""Buckets for one event, which takes microseconds for a small guild and tens of milliseconds for 10,000 sessions."""

_PAUSE_BUCKETS_S = (0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Buckets around 10 ms, which no pause should take."""


class ApiMetrics:
    """The REST API and the services behind it."""

    __slots__ = ("api_latency_seconds", "logins_total", "message_latency_seconds", "messages_sent_total")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.api_latency_seconds = Histogram(
            "guildway_api_latency_seconds",
            "Time to answer a request; the route is the template, never the path.",
            ["route", "method", "status"],
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.messages_sent_total = Counter(
            "guildway_messages_sent_total",
            "Messages stored, by Discord's channel type.",
            ["channel_type"],
            registry=registry,
        )
        self.message_latency_seconds = Histogram(
            "guildway_message_latency_seconds",
            "From a message's request to its stored and logged answer.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.logins_total = Counter(
            "guildway_logins_total", "Attempts to log in with a password, by outcome.", ["outcome"], registry=registry
        )


class ConnectionMetrics:
    """The gateway's connections and sessions."""

    __slots__ = (
        "gateway_closes_total",
        "guild_replays_total",
        "resume_total",
        "session_buffer_bytes",
        "session_cut_seconds",
        "session_moves_total",
        "sessions",
        "websocket_connections",
    )

    def __init__(self, registry: CollectorRegistry, *, worker: str) -> None:
        self.websocket_connections = Gauge(
            "guildway_websocket_connections", "Open gateway connections.", ["worker"], registry=registry
        ).labels(worker)
        self.sessions = Gauge(
            "guildway_sessions", "Gateway sessions, with those that wait for a resume.", ["worker"], registry=registry
        ).labels(worker)
        self.session_buffer_bytes = Gauge(
            "guildway_session_buffer_bytes",
            "Bytes that wait for slow clients, all sessions together.",
            registry=registry,
        )
        self.gateway_closes_total = Counter(
            "guildway_gateway_closes_total",
            "Gateway connections that the server closed, by close code.",
            ["code"],
            registry=registry,
        )
        self.guild_replays_total = Counter(
            "guildway_guild_replays_total",
            "Replays of what sessions missed of a guild, by way: `present` by the views of now, `past` across a change "
            "of views; who has another way gets op 9.",
            ["way"],
            registry=registry,
        )
        self.session_moves_total = Counter(
            "guildway_session_moves_total",
            "Moves of sessions to another home of one of their guilds, by outcome; who is lost gets op 9.",
            ["outcome"],
            registry=registry,
        )
        self.resume_total = Counter(
            "guildway_resume_total", "Attempts to resume, by outcome.", ["outcome"], registry=registry
        )
        self.session_cut_seconds = Histogram(
            "guildway_session_cut_seconds",
            "The taking of a cut of all sessions, for which the loop stands still.",
            buckets=_FANOUT_BUCKETS_S,
            registry=registry,
        )


class EventMetrics:
    """Events on their way from the bus to the gateway's sessions."""

    __slots__ = ("dispatch_total", "fanout_seconds", "log_lag_seconds", "presence_updates_total")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.dispatch_total = Counter(
            "guildway_dispatch_total", "Dispatches handed to sessions, by event.", ["event"], registry=registry
        )
        self.fanout_seconds = Histogram(
            "guildway_fanout_seconds",
            "From taking an event to handing it to the kernel for the last of its local sessions; "
            "one event at a time is timed.",
            buckets=_FANOUT_BUCKETS_S,
            registry=registry,
        )
        self.log_lag_seconds = Gauge(
            "guildway_log_lag_seconds",
            "Age of a shard's newest event when it was applied.",
            ["shard"],
            registry=registry,
        )
        self.presence_updates_total = Counter(
            "guildway_presence_updates_total",
            "Presence changes of users, by new status.",
            ["status"],
            registry=registry,
        )


class WebMetrics:
    """What is fetched from other servers: previews of links, and their pictures."""

    __slots__ = ("external_pictures_total", "preview_seconds", "previews_total", "previews_waiting")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.previews_total = Counter(
            "guildway_previews_total",
            "Links that were fetched for a preview, by outcome, and messages that found no room to wait.",
            ["outcome"],
            registry=registry,
        )
        self.preview_seconds = Histogram(
            "guildway_preview_seconds",
            "The fetching and reading of a link.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.previews_waiting = Gauge(
            "guildway_previews_waiting", "Messages that wait for their previews.", registry=registry
        )
        self.external_pictures_total = Counter(
            "guildway_external_pictures_total",
            "Pictures of other servers that clients asked for, by outcome.",
            ["outcome"],
            registry=registry,
        )


class StoreMetrics:
    """The database."""

    __slots__ = ("commit_failures_total", "commit_seconds", "database_bytes", "database_wal_bytes", "disk_free_bytes")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.commit_seconds = Histogram(
            "guildway_commit_seconds",
            "From a transaction's last statements to its commit on disk.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.commit_failures_total = Counter(
            "guildway_commit_failures_total", "Transactions that the database refused.", registry=registry
        )
        self.database_bytes = Gauge("guildway_database_bytes", "Size of the database's file.", registry=registry)
        self.database_wal_bytes = Gauge(
            "guildway_database_wal_bytes", "Size of the database's write-ahead log.", registry=registry
        )
        self.disk_free_bytes = Gauge(
            "guildway_disk_free_bytes", "What is left of the data folder's disk.", registry=registry
        )


class ProcessMetrics:
    """The process: its build, its readiness, and the pauses of its event loop."""

    __slots__ = ("build_info", "gc_pause_seconds", "impaired", "loop_lag_seconds", "ready")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.build_info = Gauge(
            "guildway_build_info", "1; the labels say what runs.", ["version", "kernels"], registry=registry
        )
        self.ready = Gauge("guildway_ready", "1 while the process can do its work, as /ready says.", registry=registry)
        self.impaired = Gauge(
            "guildway_impaired",
            "Parts that fail, of those that it can do without, as /ready says.",
            registry=registry,
        )
        self.gc_pause_seconds = Histogram(
            "guildway_gc_pause_seconds",
            "How long a search for cyclic garbage held the process up.",
            buckets=_PAUSE_BUCKETS_S,
            registry=registry,
        )
        self.loop_lag_seconds = Histogram(
            "guildway_loop_lag_seconds",
            "How much later than it was due a timer's call came: how long the event loop was busy with something else.",
            buckets=_PAUSE_BUCKETS_S,
            registry=registry,
        )


class Metrics:
    """All groups, and the metrics that the tiers share."""

    __slots__ = ("api", "connections", "events", "limit_refusals_total", "process", "registry", "store", "web")

    def __init__(self, registry: CollectorRegistry | None = None, *, worker: str = "0") -> None:
        """`worker` is the label that distinguishes gateway processes."""
        self.registry = registry if registry is not None else CollectorRegistry()
        self.api = ApiMetrics(self.registry)
        self.connections = ConnectionMetrics(self.registry, worker=worker)
        self.events = EventMetrics(self.registry)
        self.store = StoreMetrics(self.registry)
        self.process = ProcessMetrics(self.registry)
        self.web = WebMetrics(self.registry)
        self.limit_refusals_total = Counter(
            "guildway_limit_refusals_total",
            "Requests and commands that a limit refused, by limit.",
            ["limit"],
            registry=self.registry,
        )
