"""One run in one process: its scenario, its part of the world, its ways to the server, and its counts.

Locust hands users nothing but its environment, so the run is kept there; `LoadRun.of` is the one place that looks for
it.
"""

import itertools
import random
from typing import Any, Final, Self

from gevent.queue import Queue

from loadtest.measures.generator import Generator
from loadtest.measures.sound import Sound
from loadtest.measures.stamp import read_machine
from loadtest.people.actor import Actor, Part
from loadtest.people.caller import Caller, Place
from loadtest.people.listener import Listener
from loadtest.people.scenarios import Scenario
from loadtest.wire.gateway_client import GatewayClient, Line
from loadtest.wire.rest_client import RestClient
from loadtest.wire.voice_client import VoiceLine
from loadtest.wire.voice_messages import VoiceServer
from loadtest.world.world import Inhabitant, World

_ATTRIBUTE: Final = "guildway_run"
MIXED_LINES: Final = (("json", ""), ("json", "zlib-stream"), ("json", "zstd-stream"), ("etf", "zlib-stream"))
"""What people's clients and bots use, in turn."""


class Tally:
    """Durations and faults, in locust's statistics."""

    __slots__ = ("_stats",)

    def __init__(self, stats: Any) -> None:
        self._stats = stats

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:
        """Count a duration."""
        self._stats.log_request("", name, took_ms, size_bytes)

    def fail(self, name: str, error: str) -> None:
        """Count a fault, which has no duration."""
        self._stats.log_request("", name, None, 0)
        self._stats.log_error("", name, error)


class LoadRun:
    """The run of this process."""

    __slots__ = (
        "_lines", "_machine", "_numbers", "_rest", "_seed", "_tally", "_voice_line", "generator", "scenario", "sound",
        "world",
    )  # fmt: skip

    def __init__(
        self,
        *,
        scenario: Scenario,
        world: World,
        rest: RestClient,
        lines: list[Line],
        voice_line: VoiceLine,
        stats: Any,
        seed: int,
    ) -> None:
        """`lines` are how clients connect, in turn, `voice_line` how they do in voice. `stats` are locust's."""
        self.scenario = scenario
        self.world = world
        self.generator = Generator()
        self.sound = Sound()
        self._rest = rest
        self._lines = lines
        self._voice_line = voice_line
        self._tally = Tally(stats)
        self._seed = seed
        self._machine = read_machine()
        self._numbers = itertools.count()

    @classmethod
    def of(cls, environment: Any) -> Self:
        """Return the run of a locust environment."""
        run = getattr(environment, _ATTRIBUTE)
        assert isinstance(run, cls)
        return run

    def attach(self, environment: Any) -> None:
        """Keep the run in a locust environment."""
        setattr(environment, _ATTRIBUTE, self)

    def begin(self) -> None:
        """Begin from nothing, as a run may that follows another one at locust's page."""
        self._numbers = itertools.count()
        self.sound = Sound()
        self.generator.start()

    def make_actor(self) -> Actor:
        """Make the next person of the world. Beyond the last one people have a second session, without voice."""
        number = next(self._numbers)
        who = self.world.people[number % len(self.world.people)]
        source = random.Random(f"{self._seed}-{who.id}-{number}")
        servers: Queue[VoiceServer] = Queue()
        listener = Listener(
            own_id=who.id,
            machine=self._machine,
            tally=self._tally,
            checks_numbers=not self.scenario.looks,
            forgives_repeats=self.scenario.forgives_ends,
            take_server=servers.put,
        )
        line = self._lines[number % len(self._lines)]
        client = GatewayClient(line=line, token=who.token, observer=listener, source=source)
        return Actor(
            part=Part(who, f"{who.id}-{number}", self.world.guilds[who.guild], self.scenario, self._machine),
            rest=self._rest,
            client=client,
            listener=listener,
            caller=self._make_caller(who, client, servers) if number < len(self.world.people) else None,
            tally=self._tally,
            source=source,
        )

    def _make_caller(self, who: Inhabitant, client: GatewayClient, servers: "Queue[VoiceServer]") -> Caller | None:
        guild, scenario = self.world.guilds[who.guild], self.scenario
        if not scenario.has_voice:
            return None
        room, position = divmod(who.place, scenario.room_size)
        return Caller(
            place=Place(who.id, guild.id, guild.room_ids[room], speaks=position < scenario.speakers),
            line=self._voice_line,
            client=client,
            servers=servers,
            tally=self._tally,
            sound=self.sound,
            machine=self._machine,
            forgives_ends=scenario.forgives_ends,
        )
