"""The metrics that only processes of a cluster have, beside those of `core.runtime.metrics.metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.runtime.metrics.metrics import REQUEST_BUCKETS_S


class CassandraMetrics:
    """Requests to Cassandra. Only processes of a cluster have them."""

    __slots__ = ("call_errors_total", "call_seconds", "in_flight")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.call_seconds = Histogram(
            "guildway_cassandra_call_seconds",
            "From a request to its answer, with the wait for room, by statement.",
            ["statement"],
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.call_errors_total = Counter(
            "guildway_cassandra_call_errors_total",
            "Requests that failed, by statement and by what is known of their outcome.",
            ["statement", "error"],
            registry=registry,
        )
        self.in_flight = Gauge("guildway_cassandra_in_flight", "Requests without an answer so far.", registry=registry)


class ClusterMetrics:
    """Redis, the doors, the logs' tail and the sweeps. Only processes of a cluster have them."""

    __slots__ = (
        "door_openings_swept_total",
        "door_step_seconds",
        "outbox_swept_events_total",
        "redis_call_errors_total",
        "redis_call_seconds",
        "relay_gaps_total",
        "tail_gaps_total",
        "tail_lag_seconds",
        "tail_losses_total",
    )

    def __init__(self, registry: CollectorRegistry) -> None:
        self.redis_call_seconds = Histogram(
            "guildway_redis_call_seconds",
            "From a script's call to its answer, with the wait for a connection, by script.",
            ["script"],
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.redis_call_errors_total = Counter(
            "guildway_redis_call_errors_total",
            "Calls of scripts that failed, by script and by what is known of their outcome.",
            ["script", "error"],
            registry=registry,
        )
        self.tail_lag_seconds = Histogram(
            "guildway_tail_lag_seconds",
            "From a ping on the connection that hears all events to its answer, which comes after earlier events.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.tail_gaps_total = Counter(
            "guildway_tail_gaps_total",
            "Shards whose next event was not heard and was read from the log.",
            registry=registry,
        )
        self.tail_losses_total = Counter(
            "guildway_tail_losses_total",
            "Shards whose log lacks events that this process has had, or has trimmed some that it has not.",
            registry=registry,
        )
        self.relay_gaps_total = Counter(
            "guildway_relay_gaps_total",
            "Units of work whose events came to their log before those of an earlier unit.",
            registry=registry,
        )
        self.outbox_swept_events_total = Counter(
            "guildway_outbox_swept_events_total",
            "Committed events that the sweep has relayed, because nobody else had.",
            registry=registry,
        )
        self.door_step_seconds = Histogram(
            "guildway_door_step_seconds",
            "The way of a message through its channel's door, by step.",
            ["step"],
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.door_openings_swept_total = Counter(
            "guildway_door_openings_swept_total",
            "Openings that their process did not end, by kind and by what the sweep did.",
            ["kind", "outcome"],
            registry=registry,
        )
