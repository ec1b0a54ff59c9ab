"""Voice: what the media nodes count, as their gateway has heard it last."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

DAVE_VERSIONS: Final = ("0", "1")
DAVE_HAPPENINGS: Final = ("commit", "refused", "unreadable", "reset", "raised", "lowered")
"""They are shown from the start, with 0, so that the first one of each is an increase."""


class VoiceMetrics:
    """The media nodes of this server together."""

    __slots__ = (
        "busy_ratio", "bytes_total", "dave_rooms", "dave_total", "drops_total", "forward_seconds_total",
        "forwards_measured_total", "joins_total", "packets_total", "peers", "restarts_total", "rooms",
    )  # fmt: skip

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rooms = Gauge("guildway_voice_rooms", "Voice channels with somebody in them.", registry=registry)
        self.peers = Gauge("guildway_voice_peers", "Clients that have a seat in a room.", registry=registry)
        self.busy_ratio = Gauge(
            "guildway_voice_busy_ratio", "The part of one core that the media node uses.", registry=registry
        )
        self.joins_total = Counter("guildway_voice_joins_total", "Seats that clients have taken.", registry=registry)
        self.packets_total = Counter(
            "guildway_voice_packets_total", "Datagrams, in or out.", ["direction"], registry=registry
        )
        self.bytes_total = Counter(
            "guildway_voice_bytes_total", "Bytes of those datagrams.", ["direction"], registry=registry
        )
        self.drops_total = Counter(
            "guildway_voice_drops_total", "Datagrams that were not passed on, by reason.", ["reason"], registry=registry
        )
        self.forward_seconds_total = Counter(
            "guildway_voice_forward_seconds_total",
            "Time of the datagrams that were measured, from the socket until all hearers were sent them.",
            registry=registry,
        )
        self.forwards_measured_total = Counter(
            "guildway_voice_forwards_measured_total",
            "Datagrams whose time was measured: those of every 32nd read of the socket.",
            registry=registry,
        )
        self.dave_rooms = Gauge(
            "guildway_voice_dave_rooms",
            "Voice channels with somebody in them, by the version of DAVE that they speak; 0 is none.",
            ["version"],
            registry=registry,
        )
        self.dave_total = Counter(
            "guildway_voice_dave_total",
            "What has happened to the encryption of rooms from end to end.",
            ["happening"],
            registry=registry,
        )
        for version in DAVE_VERSIONS:
            self.dave_rooms.labels(version)
        for happening in DAVE_HAPPENINGS:
            self.dave_total.labels(happening)
        self.restarts_total = Counter(
            "guildway_voice_restarts_total", "Media nodes that have ended and were started again.", registry=registry
        )
