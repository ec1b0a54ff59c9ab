"""The gateway: connections, sessions, and events on their way to them."""

from typing import Final

from deploy.monitoring.panels import Board, Panel, Query, quantiles, rate, rate_or_zero

GATEWAY: Final = Board(
    name="gateway",
    title="gateway",
    panels=[
        Panel(title="Connections", about="Open connections.",
              queries=[Query("guildway_websocket_connections", "{{worker}}")]),
        Panel(title="Sessions", about="Sessions, with those that wait for a resume.",
              queries=[Query("guildway_sessions", "{{worker}}")]),
        Panel(title="Waiting bytes", about="Bytes that wait for slow clients, all sessions together.", unit="bytes",
              queries=[Query("guildway_session_buffer_bytes", "{{instance}}")]),
        Panel(title="Dispatches by event", about="Events that were handed to sessions; the ten most frequent.",
              unit="reqps",
              queries=[Query("topk(10, sum by (event) (rate(guildway_dispatch_total[$W])))", "{{event}}")]),
        Panel(title="Fan-out", about="From taking an event to handing it to the kernel for the last of its sessions.",
              unit="s", queries=quantiles("guildway_fanout_seconds")),
        Panel(title="Age of events", about="Age of the newest event of the slowest shard when it was applied.",
              unit="s", queries=[Query("max(guildway_log_lag_seconds)", "slowest shard")]),
        Panel(title="Closed by the server", about="1013 slow readers, 4004 bad tokens, 4008 too many commands.",
              unit="reqps", queries=[rate_or_zero("guildway_gateway_closes_total", "all"),
                                     rate_or_zero('guildway_gateway_closes_total{code="1013"}', "1013")]),
        Panel(title="Resumes", about="Attempts to resume; the operator's guide has the outcomes.", unit="reqps",
              queries=[rate_or_zero('guildway_resume_total{outcome=~"resumed|restored"}', "good"),
                       rate_or_zero('guildway_resume_total{outcome!~"resumed|restored"}', "refused")]),
        Panel(title="Presences", about="Changes of presences, by the new status.", unit="reqps",
              queries=[rate("guildway_presence_updates_total", by="status")]),
        Panel(title="Cuts of sessions", about="How long the loop stands still for a cut of all sessions.", unit="s",
              queries=quantiles("guildway_session_cut_seconds")),
        Panel(title="Garbage", about="Pauses for cyclic garbage, at the 99th percentile.", unit="s",
              queries=quantiles("guildway_gc_pause_seconds", by="instance")),
        Panel(title="Event loops", about="How late the loop was, at the 99th percentile.", unit="s",
              queries=quantiles("guildway_loop_lag_seconds", by="instance")),
    ],
)  # fmt: skip
