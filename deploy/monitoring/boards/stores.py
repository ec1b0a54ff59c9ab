"""The stores: the embedded database, and PostgreSQL, Cassandra and Redis of a cluster as its processes see them."""

from typing import Final

from deploy.monitoring.panels import Board, Panel, Query, Where, quantiles, rate, rate_or_zero

STORES: Final = Board(
    name="stores",
    title="stores",
    panels=[
        Panel(title="Commits", about="From a transaction's last statements to its commit on disk: the disk's fsync.",
              unit="s", queries=quantiles("guildway_commit_seconds")),
        Panel(title="Commits a second", about="Groups of transactions that were committed.", unit="reqps",
              queries=[rate("guildway_commit_seconds_count", by="instance")]),
        Panel(title="Refused transactions", about="Any is worth a look.", unit="reqps",
              queries=[rate("guildway_commit_failures_total", by="instance")]),
        Panel(title="Database", about="Sizes of the embedded database and of its write-ahead log.", unit="bytes",
              where=Where.EMBEDDED, queries=[Query("guildway_database_bytes", "database"),
                                             Query("guildway_database_wal_bytes", "write-ahead log")]),
        Panel(title="Disk", about="What is left of the data folder's disk.", unit="bytes", where=Where.EMBEDDED,
              queries=[Query("guildway_disk_free_bytes", "{{instance}}")]),
        Panel(title="Cassandra", about="Requests by statement, at the 99th percentile.", unit="s", where=Where.CLUSTER,
              queries=quantiles("guildway_cassandra_call_seconds", by="statement")),
        Panel(title="Requests to Cassandra", about="Requests a second.", unit="reqps", where=Where.CLUSTER,
              queries=[rate("guildway_cassandra_call_seconds_count", by="statement")]),
        Panel(title="Under way in Cassandra", about="Requests without an answer so far.", where=Where.CLUSTER,
              queries=[Query("guildway_cassandra_in_flight", "{{instance}}"),
                       rate_or_zero("guildway_cassandra_call_errors_total", "errors a second")]),
        Panel(title="Redis", about="Calls of scripts, at the 99th percentile.", unit="s", where=Where.CLUSTER,
              queries=quantiles("guildway_redis_call_seconds", by="script")),
        Panel(title="Calls of Redis", about="Calls a second, and those that failed.", unit="reqps", where=Where.CLUSTER,
              queries=[rate("guildway_redis_call_seconds_count", "calls"),
                       rate_or_zero("guildway_redis_call_errors_total", "errors")]),
    ],
)  # fmt: skip
