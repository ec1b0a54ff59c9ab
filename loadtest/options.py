"""The flags of a load test, beside locust's own (--host, --users, --run-time, --spawn-rate, --processes …)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from loadtest.load_run import MIXED_LINES
from loadtest.people.scenarios import SCENARIOS, Act, Scenario
from loadtest.wire.compression import UNPACKERS
from loadtest.wire.encodings import ENCODINGS
from loadtest.wire.gateway_client import Line
from loadtest.wire.voice_client import VoiceLine

_MIXED: Final = "mixed"
_PLAIN: Final = "none"


class OptionError(ValueError):
    """A flag that cannot be."""


def add_options(parser: Any) -> None:
    """Add the flags to locust's parser."""
    scenarios = "; ".join(f"{name}: {scenario.about}" for name, scenario in SCENARIOS.items())
    group = parser.add_argument_group("Guildway")
    add = group.add_argument
    add("--scenario", choices=list(SCENARIOS), default="quiet", help=scenarios)
    add("--guild-size", type=int, default=None, help="People of a guild; 0 puts all into one")
    add("--channels", type=int, default=None, help="Text channels of a guild")
    add("--pause", type=float, default=None, help="Mean seconds between two acts of a person")
    add("--acts", default=None, help="Weights of what people do, as say=5,history=2 (" + ", ".join(Act) + ")")
    add("--storm-interval", type=float, default=None, help="Seconds between two storms")
    add("--upload-bytes", type=int, default=None, help="Size of an uploaded file")
    add("--room-size", type=int, default=None, help="People of a voice channel")
    add("--speakers", type=int, default=None, help="Those of them who speak")
    add("--stay", type=float, default=None, help="Seconds of a stay in voice")
    add(
        "--voice-scheme", choices=["ws", "wss"], default=None, help="The voice gateway's; as the gateway's unless given"
    )
    add("--encoding", choices=[*ENCODINGS, _MIXED], default="json", help="The gateway's encoding; mixed: in turn")
    add("--compress", choices=[_PLAIN, *filter(None, UNPACKERS)], default="zlib-stream", help="The gateway's stream")
    add("--insecure", action="store_true", help="Do not check certificates")
    add("--world", default="build/loadtest/world.json", help="The file that keeps accounts and guilds between runs")
    add("--report", default="build/loadtest", help="The folder of report.html and report.json")
    add("--kill-command", default="", help="A command that kills the server during the run")
    add("--kill-after", type=float, default=None, help="Seconds until then; half of the run unless it is given")
    add("--seed", type=int, default=1, help="What the users' choices come from")


def choose_scenario(options: Any) -> Scenario:
    """Return the scenario of the flags. Raises OptionError."""
    given = {
        "guild_size": options.guild_size,
        "channels": options.channels,
        "pause_s": options.pause,
        "acts": _read_acts(options.acts) if options.acts else None,
        "storm_interval_s": options.storm_interval,
        "upload_bytes": options.upload_bytes,
        "room_size": options.room_size,
        "speakers": options.speakers,
        "stay_s": options.stay,
    }
    if options.upload_bytes is not None and options.upload_bytes < 0:
        raise OptionError("a file has no fewer than 0 bytes")
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if options.kill_command:
        changes |= {"forgives_ends": True, "storm": None}
    scenario = msgspec.structs.replace(SCENARIOS[options.scenario], **changes)
    if scenario.guild_size < 0 or scenario.channels < 1 or scenario.pause_s <= 0 or scenario.storm_interval_s <= 2:
        raise OptionError("a guild has people and a channel, a pause lasts, and storms are more than 2 s apart")
    if not 0 <= scenario.speakers <= scenario.room_size or scenario.room_size < 1 or scenario.stay_s <= 0:
        raise OptionError("a room has people, no more of them speak, and a stay lasts")
    return scenario


def _read_acts(text: str) -> dict[Act, int]:
    try:
        acts = {Act(name.strip()): int(weight) for name, _, weight in (part.partition("=") for part in text.split(","))}
    except ValueError as error:
        raise OptionError(f"--acts {text}: {error}") from error
    if min(acts.values()) < 0 or not sum(acts.values()):
        raise OptionError(f"--acts {text}: weights are not negative, and one of them is positive")
    return acts


def choose_lines(options: Any, gateways: Sequence[str], *, forgives_ends: bool) -> list[Line]:
    """Return how clients connect, in turn: each kind of client to each gateway."""
    compression = "" if options.compress == _PLAIN else options.compress
    kinds = MIXED_LINES if options.encoding == _MIXED else ((options.encoding, compression),)
    return [
        Line(
            urls=(*gateways[first:], *gateways[:first]),
            encoding=encoding,
            compression=packed,
            verifies=not options.insecure,
            forgives_ends=forgives_ends,
        )
        for encoding, packed in kinds
        for first in range(len(gateways))
    ]


def choose_voice_line(options: Any, gateway: str) -> VoiceLine:
    """Return how clients connect to voice gateways: in TLS where the gateway does, unless a flag says otherwise."""
    return VoiceLine(scheme=options.voice_scheme or gateway.partition(":")[0], verifies=not options.insecure)
