"""The first dashboard to look at: is it up, is it quick, how much is it."""

from typing import Final

from deploy.monitoring.panels import Board, Panel, Query, quantiles, rate, rate_or_zero

OVERVIEW: Final = Board(
    name="overview",
    title="overview",
    panels=[
        Panel(title="Ready", about="1 while a process can do its work, as /ready says.",
              queries=[Query("guildway_ready", "{{instance}}")]),
        Panel(title="Availability", about="The share of requests that were answered without an error of the server.",
              unit="percentunit", queries=[Query("guildway:availability:ratio_rate5m", "5 minutes"),
                                           Query("guildway:availability:ratio_rate1h", "1 hour")]),
        Panel(title="Service levels", about="The share of messages and histories within their goals (0.5 s, 0.3 s).",
              unit="percentunit", queries=[Query("guildway:send_within_goal:ratio_rate5m", "send"),
                                           Query("guildway:history_within_goal:ratio_rate5m", "history")]),
        Panel(title="Requests", about="Requests by status.", unit="reqps",
              queries=[rate("guildway_api_latency_seconds_count", by="status")]),
        Panel(title="Messages", about="Messages stored, by Discord's channel type.", unit="reqps",
              queries=[rate("guildway_messages_sent_total", by="channel_type")]),
        Panel(title="Sending a message", about="From the request to its stored answer. The goal is 0.2 s and 0.5 s.",
              unit="s", queries=quantiles("guildway_message_latency_seconds")),
        Panel(title="Connections", about="Open gateway connections.",
              queries=[Query("guildway_websocket_connections", "{{worker}}")]),
        Panel(title="Dispatches", about="Events that were handed to sessions.", unit="reqps",
              queries=[rate("guildway_dispatch_total", "all")]),
        Panel(title="Fan-out", about="From taking an event to the last of its local sessions.", unit="s",
              queries=quantiles("guildway_fanout_seconds")),
        Panel(title="Event loops", about="How late a loop was, at the 99th percentile. Above 10 ms a core is full.",
              unit="s", queries=quantiles("guildway_loop_lag_seconds", by="instance")),
        Panel(title="Processor", about="Cores in use.",
              queries=[Query('rate(process_cpu_seconds_total{job="guildway"}[$W])', "{{instance}}")]),
        Panel(title="Memory", about="Resident memory.", unit="bytes",
              queries=[Query('process_resident_memory_bytes{job="guildway"}', "{{instance}}")]),
        Panel(title="Open files", about="Descriptors in use; each connection takes one.",
              queries=[Query('process_open_fds{job="guildway"}', "{{instance}}")]),
        Panel(title="Refused by limits", about="Requests and commands that a limit refused.", unit="reqps",
              queries=[rate_or_zero("guildway_limit_refusals_total", "all")]),
        Panel(title="Versions", about="What runs.",
              queries=[Query("guildway_build_info", "{{instance}} {{version}} {{kernels}}")]),
    ],
)  # fmt: skip
