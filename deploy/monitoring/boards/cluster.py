"""The cluster: who owns which shard, the news by which processes work, and the links between workers."""

from typing import Final

from deploy.monitoring.panels import Board, Panel, Query, Where, quantiles, rate_or_zero

CLUSTER: Final = Board(
    name="cluster",
    title="cluster and shards",
    panels=[
        Panel(title="Shards", about="Shards of each worker, by its own map.", where=Where.CLUSTER,
              queries=[Query("guildway_shards_owned", "{{instance}}")]),
        Panel(title="Map of shards", about="The version of the map that each process has read.", where=Where.CLUSTER,
              queries=[Query("guildway_shard_map_version", "{{instance}}")]),
        Panel(title="Controllers", about="The term of the controller that leads, and the workers that it sees.",
              where=Where.CLUSTER, queries=[Query("max(guildway_controller_term)", "term"),
                                            Query("max(guildway_workers)", "workers")]),
        Panel(title="Leases", about="1 while a worker has its lease.", where=Where.CLUSTER,
              queries=[Query("guildway_lease_held", "{{instance}}"),
                       Query("sum(increase(guildway_lease_losses_total[$W]))", "losses")]),
        Panel(title="Renewal of leases", about="Near shards.lease_lifetime_s it is too late.", unit="s",
              where=Where.CLUSTER, queries=quantiles("guildway_lease_renewal_seconds")),
        Panel(title="Moves of shards", about="Shards that were given to a worker, and that one gave to another.",
              where=Where.CLUSTER, queries=[rate_or_zero("guildway_shards_given_total", "given"),
                                            rate_or_zero("guildway_shard_moves_begun_total", "moves begun"),
                                            rate_or_zero("guildway_shards_given_away_total", "given away")]),
        Panel(title="Moves of sessions", about="Sessions that went on at another home of a guild, or were lost.",
              where=Where.CLUSTER, queries=[rate_or_zero("guildway_session_moves_total", "all")]),
        Panel(title="Replays", about="How sessions that came back were told what they had missed of a guild, by way. "
              "All but `present` and `past` begin anew.", where=Where.CLUSTER,
              queries=[Query("sum by (way) (rate(guildway_guild_replays_total[$W]))", "{{way}}")]),
        Panel(title="Age of the news", about="How old the news of a process is. Above 1 s it uses no caches.",
              unit="s", where=Where.CLUSTER, queries=quantiles("guildway_tail_lag_seconds")),
        Panel(title="Gaps", about="Shards of which an event was not heard, or was lost.", where=Where.CLUSTER,
              queries=[rate_or_zero("guildway_tail_gaps_total", "gaps"),
                       rate_or_zero("guildway_tail_losses_total", "losses"),
                       rate_or_zero("guildway_relay_gaps_total", "late units of work")]),
        Panel(title="Doors", about="The way of a message through its channel's door, at the 99th percentile.", unit="s",
              where=Where.CLUSTER, queries=quantiles("guildway_door_step_seconds", by="step")),
        Panel(title="Swept", about="What processes left behind and the sweeps have ended.", where=Where.CLUSTER,
              queries=[rate_or_zero("guildway_door_openings_swept_total", "openings"),
                       rate_or_zero("guildway_outbox_swept_events_total", "events")]),
    ],
)  # fmt: skip
