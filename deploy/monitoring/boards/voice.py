"""Voice: rooms, seats, and the datagrams of media nodes."""

from typing import Final

from core.runtime.metrics.voice_metrics import DAVE_HAPPENINGS
from deploy.monitoring.panels import WINDOW, Board, Panel, Query, Where, rate_or_zero

VOICE: Final = Board(
    name="voice",
    title="voice",
    panels=[
        Panel(title="Rooms and seats", about="Voice channels with somebody in them, and clients in rooms.",
              where=Where.EMBEDDED, queries=[Query("sum (guildway_voice_rooms)", "rooms"),
                                             Query("sum (guildway_voice_peers)", "seats")]),
        Panel(title="Media nodes", about="The part of one core that a media node uses.", unit="percentunit",
              where=Where.EMBEDDED, queries=[Query("guildway_voice_busy_ratio", "{{instance}}")]),
        Panel(title="Joins", about="Seats that clients have taken.", unit="reqps", where=Where.EMBEDDED,
              queries=[rate_or_zero("guildway_voice_joins_total", "joins")]),
        Panel(title="Datagrams", about="Datagrams a second.", unit="pps", where=Where.EMBEDDED,
              queries=[rate_or_zero('guildway_voice_packets_total{direction="in"}', "in"),
                       rate_or_zero('guildway_voice_packets_total{direction="out"}', "out")]),
        Panel(title="Bytes", about="Bytes of datagrams a second.", unit="Bps", where=Where.EMBEDDED,
              queries=[rate_or_zero('guildway_voice_bytes_total{direction="in"}', "in"),
                       rate_or_zero('guildway_voice_bytes_total{direction="out"}', "out")]),
        Panel(title="Time of a datagram", about="From the socket until all hearers were sent it; of every 32nd.",
              unit="s", where=Where.EMBEDDED,
              queries=[Query(f"sum (rate(guildway_voice_forward_seconds_total[{WINDOW}])) / "
                             f"clamp_min(sum (rate(guildway_voice_forwards_measured_total[{WINDOW}])), 0.001) "
                             "or vector(0)", "mean")]),
        Panel(title="Encryption from end to end", about="Rooms by the version of DAVE that they speak; 0 is none.",
              where=Where.EMBEDDED,
              queries=[Query("sum by (version) (guildway_voice_dave_rooms)", "DAVE {{version}}")]),
        Panel(title="Groups of DAVE", about="Their changes a second; `unreadable` and `refused` are faults.",
              where=Where.EMBEDDED,
              queries=[rate_or_zero(f'guildway_voice_dave_total{{happening="{happening}"}}', happening)
                       for happening in DAVE_HAPPENINGS]),
        Panel(title="Drops and restarts", about="Datagrams that were not passed on, and media nodes that have ended.",
              where=Where.EMBEDDED, queries=[rate_or_zero("guildway_voice_drops_total", "drops"),
                                             rate_or_zero("guildway_voice_restarts_total", "restarts")]),
    ],
)  # fmt: skip
