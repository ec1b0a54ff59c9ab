"""The metrics of the links between workers. Only workers of a cluster have them."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class LinkMetrics:
    """The links between workers, by the name of the worker at the other end."""

    __slots__ = (
        "broken_total",
        "bytes_total",
        "connections_total",
        "frames_total",
        "resent_frames_total",
        "unacknowledged_bytes",
        "up",
    )

    def __init__(self, registry: CollectorRegistry) -> None:
        self.frames_total = Counter(
            "guildway_link_frames_total",
            "Frames of links, sent (repeats too) or received.",
            ["worker", "direction"],
            registry=registry,
        )
        self.bytes_total = Counter(
            "guildway_link_bytes_total", "Bytes of those frames.", ["worker", "direction"], registry=registry
        )
        self.resent_frames_total = Counter(
            "guildway_link_resent_frames_total",
            "Frames that were sent again over another connection.",
            ["worker"],
            registry=registry,
        )
        self.connections_total = Counter(
            "guildway_link_connections_total",
            "Connections on which both workers have proved who they are.",
            ["worker"],
            registry=registry,
        )
        self.broken_total = Counter(
            "guildway_link_broken_total",
            "Conversations that were broken: a worker's life is over, or too much has waited for too long.",
            ["worker"],
            registry=registry,
        )
        self.unacknowledged_bytes = Gauge(
            "guildway_link_unacknowledged_bytes",
            "Bytes of frames that are kept until they have arrived.",
            ["worker"],
            registry=registry,
        )
        self.up = Gauge(
            "guildway_link_up", "1 for what carries the link now, 0 else.", ["worker", "carrier"], registry=registry
        )
