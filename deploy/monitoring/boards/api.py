"""The REST API: routes, errors, logins, and what is fetched for people."""

from typing import Final

from deploy.monitoring.panels import Board, Panel, Query, quantiles, rate, rate_or_zero

API: Final = Board(
    name="api",
    title="API",
    panels=[
        Panel(title="Requests by route", about="The ten most frequent routes.", unit="reqps",
              queries=[Query("topk(10, sum by (method, route) (rate(guildway_api_latency_seconds_count[$W])))",
                             "{{method}} {{route}}")]),
        Panel(title="Slow routes", about="The 99th percentile of the ten slowest routes.", unit="s",
              queries=[Query("topk(10, histogram_quantile(0.99, sum by (le, method, route) "
                             "(rate(guildway_api_latency_seconds_bucket[$W]))))", "{{method}} {{route}}")]),
        Panel(title="Errors of the server", about="Answers with a status of 5xx, but 501, which is what is not built.",
              unit="reqps",
              queries=[rate_or_zero('guildway_api_latency_seconds_count{status=~"5..", status!="501"}', "all")]),
        Panel(title="Refusals", about="Answers with a status of 4xx, by status.", unit="reqps",
              queries=[rate_or_zero(f'guildway_api_latency_seconds_count{{status="{status}"}}', status)
                       for status in ("400", "401", "403", "404", "429")]),
        Panel(title="Sending a message", about="From the request to its stored answer.", unit="s",
              queries=quantiles("guildway_message_latency_seconds")),
        Panel(title="History", about="The 99th percentile of reading a channel's messages.", unit="s",
              queries=[Query("guildway:history:p99_rate5m", "p99")]),
        Panel(title="Logins", about="Attempts to log in with a password.", unit="reqps",
              queries=[rate_or_zero(f'guildway_logins_total{{outcome="{outcome}"}}', outcome)
                       for outcome in ("right", "wrong", "limited")]),
        Panel(title="Refused by limits", about="Requests and commands that a limit refused.", unit="reqps",
              queries=[rate_or_zero("guildway_limit_refusals_total", "all")]),
        Panel(title="Previews", about="Links that were fetched, and messages that wait for their previews.",
              queries=[rate_or_zero("guildway_previews_total", "fetched a second"),
                       Query("sum (guildway_previews_waiting)", "waiting")]),
        Panel(title="Fetching links", about="The fetching and reading of a link.", unit="s",
              queries=[rate("guildway_preview_seconds_sum", "seconds a second")]),
        Panel(title="Pictures of other servers", about="Pictures that clients asked for.", unit="reqps",
              queries=[rate_or_zero("guildway_external_pictures_total", "all")]),
    ],
)  # fmt: skip
