"""The metrics of who owns which shard: those of workers, and those of controllers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.runtime.metrics.metrics import REQUEST_BUCKETS_S


class WorkerShardMetrics:
    """The lease and the shards of a worker."""

    __slots__ = (
        "lease_held",
        "lease_losses_total",
        "lease_renewal_seconds",
        "shard_map_term",
        "shard_map_version",
        "shards_given_away_total",
        "shards_owned",
    )

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lease_held = Gauge("guildway_lease_held", "1 while the worker has its lease.", registry=registry)
        self.lease_losses_total = Counter(
            "guildway_lease_losses_total",
            "Leases that ended without the worker, which went on as its next incarnation.",
            registry=registry,
        )
        self.lease_renewal_seconds = Histogram(
            "guildway_lease_renewal_seconds",
            "From the asking for a lease to its answer.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.shards_owned = Gauge("guildway_shards_owned", "Shards of this worker, by its map.", registry=registry)
        self.shard_map_version = Gauge(
            "guildway_shard_map_version", "Version of the shard map that this process has read.", registry=registry
        )
        self.shard_map_term = Gauge(
            "guildway_shard_map_term", "Term of the controller that has written that version.", registry=registry
        )
        self.shards_given_away_total = Counter(
            "guildway_shards_given_away_total", "Shards that this worker gave to another.", registry=registry
        )


class ControllerMetrics:
    """What a controller sees and does."""

    __slots__ = ("controller_term", "shard_moves_begun_total", "shards_given_total", "workers")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.controller_term = Gauge(
            "guildway_controller_term", "Term in which this controller leads, 0 while it stands by.", registry=registry
        )
        self.workers = Gauge("guildway_workers", "Workers that have their lease.", registry=registry)
        self.shards_given_total = Counter(
            "guildway_shards_given_total",
            "Shards given to a worker because nobody had them, or because their owner's life was over.",
            registry=registry,
        )
        self.shard_moves_begun_total = Counter(
            "guildway_shard_moves_begun_total", "Shards that a worker was told to give to another.", registry=registry
        )
