"""The gateway under test: built as the product builds it, on a store with a world in it, told over stdin what to
dispatch.

    make EVENTS TURN  → makes so many MESSAGE_CREATEs, in the channels in turn, to be published TURN in a turn
    burst             → publishes them through the bus and answers when the last is out of the inbox
    presences         → publishes a changed presence of every member, all at once
    frame ENCODING    → the size of such an event's frame, uncompressed

    python -m benchmarks.harness.servers.gateway_server OPTIONS     (a JSON file, see `Options`)

Prints `ready gateway=…` when it serves. A burst stores nothing: another benchmark measures the store.
"""

import asyncio
import contextlib
import itertools
import random
import sys
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from api.services.announcements import channel_event
from benchmarks.harness.worlds.world import World
from core.domain.events import MESSAGE_CREATE, PRESENCE_UPDATE, Audience
from core.domain.guilds.voice_session import VoiceSession
from core.domain.messages.message import Message, ResolvedMessage
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.starts import CountedStarts
from core.runtime.clock import SystemClock
from core.runtime.garbage import GarbageControl
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings, Settings
from core.store.sql.store import SqlStore
from core.wire.envelope import NO_ID, Envelope
from core.wire.objects.messages.message import render_message_dispatch
from core.wire.socket_message import RefusedMessage
from core.wire.voice_wish import VoiceWish
from core_ext.ids import SnowflakeGenerator
from gateway.app import build_gateway
from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import ENCODINGS
from gateway.payloads.wire_formats import WireFormats
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import Surroundings
from gateway.users.presence import MergedPresence, render_presence

_CONTENT_BYTES: Final = 44
"""Each message says something else in as many bytes: equal messages would compress to next to nothing."""
_LETTERS: Final = "eeeeeettttaaaaooooiiinnnssshhrrddllcumwfgypb      "
"""Letters about as often as in English. Words would compress better."""
_SESSIONS_A_TURN: Final = 1000
"""The most sessions that the gateway sends to in a turn of the loop: so many turns later a burst's event is out."""
_WORKER_ID: Final = 1
"""The id differs from that of the process that wrote the world, so that ids never collide."""


class Options(msgspec.Struct, kw_only=True, frozen=True):
    """The options that a process is started with."""

    database: str
    world: World
    sessions: int
    """The largest number of sessions that there will be."""
    gateway: dict[str, Any] = {}
    """Settings of the gateway that are not the default."""


class NoMessages:
    """The gateway's port to the API, which this benchmark does not use."""

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> RefusedMessage:
        """Refuse the message."""
        return RefusedMessage(code=0, message=f"{user_id} {channel_id} {len(body)}")


class NoVoice:
    """The gateway's port for voice states, which this benchmark does not use."""

    async def join_from_gateway(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Do nothing."""

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """Do nothing."""

    async def show_call(self, user_id: int, channel_id: int) -> bytes | None:
        """Show none."""
        del user_id, channel_id
        return None

    async def show_statuses(self, user_id: int, guild_id: int) -> bytes | None:
        """Show none."""
        del user_id, guild_id
        return None

    async def log_session(self, session: VoiceSession) -> None:
        """Do nothing."""

    async def move_idle(self, guild_id: int, user_id: int, channel_id: int) -> None:
        """Do nothing."""

    async def settle_voice(self, guild_id: int, user_id: int) -> None:
        """Do nothing."""


class Bench:
    """The parts that the commands need."""

    def __init__(self, *, options: Options, store: SqlStore, ids: SnowflakeGenerator) -> None:
        self._world = options.world
        self._store = store
        self._ids = ids
        self._channels = itertools.cycle(options.world.channel_ids)
        self._chance = random.Random(0)
        self._turns = 3 + options.sessions // _SESSIONS_A_TURN
        self._bursts: list[list[Envelope]] = []
        self._status = "online"

    def make_event(self) -> Envelope:
        """Make a new message's event, as the API makes it."""
        world = self._world
        channel_id = next(self._channels)
        message = Message(
            id=self._ids.next(),
            channel_id=channel_id,
            guild_id=world.guild_id,
            author_id=world.author.id,
            content=self._make_text(),
        )
        payload = render_message_dispatch(ResolvedMessage(message=message, author=world.author), None)
        return channel_event(message.id, MESSAGE_CREATE, world.guild_id, channel_id, payload, author_id=world.author.id)

    def _make_text(self) -> str:
        return "".join(self._chance.choices(_LETTERS, k=_CONTENT_BYTES))

    def make_burst(self, events: int, per_turn: int) -> None:
        """Make the events of a burst ahead, so that the burst is only the gateway's work."""
        self._channels = itertools.cycle(self._world.channel_ids)
        envelopes = [self.make_event() for _ in range(events)]
        self._bursts = [envelopes[start : start + per_turn] for start in range(0, events, per_turn)]

    async def burst(self) -> None:
        """Publish through the bus the events that `make_burst` made."""
        for envelopes in self._bursts:
            self._store.bus.publish_volatile(envelopes)
            # The gateway applies the events in the next turn and sends them in that one and the following ones; then
            # come the next.
            for _ in range(self._turns):
                await asyncio.sleep(0)
        self._bursts = []

    def change_presences(self) -> None:
        """Publish a presence of every member but the author, another one each time."""
        self._status = "idle" if self._status == "dnd" else "dnd"
        guild_id = self._world.guild_id
        presence = MergedPresence(status=self._status, client_status={"desktop": self._status})
        self._store.bus.publish_volatile(
            [
                Envelope(
                    id=NO_ID,
                    event=PRESENCE_UPDATE,
                    audience=Audience.GUILD,
                    payload=msgspec.Raw(msgspec.json.encode(render_presence(user_id, presence, guild_id))),
                    guild_id=guild_id,
                    user_id=user_id,
                )
                for user_id in map(_user_id_of, self._world.tokens)
            ]
        )

    def measure_frame(self, encoding: str) -> int:
        """Return the size of an event's uncompressed frame, in bytes."""
        wire_format = WireFormats().find(ENCODINGS[encoding], Compression.NONE)
        envelope = self.make_event()
        return len(wire_format.encode_dispatch(DispatchBody(envelope.event, envelope.payload), 100))

    async def obey(self, command: str) -> str:
        """Obey one line of stdin and return the answer."""
        match command.split():
            case ["make", events, per_turn]:
                self.make_burst(int(events), int(per_turn))
            case ["burst"]:
                await self.burst()
            case ["presences"]:
                self.change_presences()
            case ["frame", encoding]:
                return str(self.measure_frame(encoding))
            case _:
                return "what?"
        return "done"


def _user_id_of(token: str) -> int:
    """Return whose token it is (`api.services.accounts.tokens`)."""
    first = token.partition(".")[0]
    return int(urlsafe_b64decode(first + "=" * (-len(first) % 4)))


async def serve(options: Options) -> None:
    """Serve until stdin ends."""
    clock = SystemClock()
    store = await SqlStore.open(options.database, clock=clock, num_shards=256)
    ids = SnowflakeGenerator(_WORKER_ID, 0, clock.now_ms)
    metrics = Metrics()
    bench = Bench(options=options, store=store, ids=ids)
    defaults = {"host": "127.0.0.1", "port": 0, "heartbeat_timeout_factor": 1000, "resume_window_s": 0}
    # guildway.processes.embedded does the same.
    garbage = GarbageControl(clock=clock, observe=metrics.process.gc_pause_seconds.observe)
    gateway = build_gateway(
        store=store,
        bus=store.bus,
        clock=clock,
        call_later=asyncio.get_running_loop().call_later,
        settings=Settings(gateway=msgspec.convert({**defaults, **options.gateway}, GatewaySettings)),
        metrics=metrics,
        messages=NoMessages(),
        voice=NoVoice(),
        session_journal=store.session_journal,
        surroundings=Surroundings(on_logins=garbage.welcome),
        online=MemoryOnlineCounts(),
        starts=CountedStarts(
            limiter=MemoryRateLimiter(clock=clock),
            per_day=1_000_000,
            window_s=options.gateway.get("identify_window_s", 5.0),
        ),
        address=PublicAddress(""),
    )
    await gateway.start()
    commands: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: commands.put_nowait(sys.stdin.readline()))
    running = asyncio.create_task(gateway.run())
    with garbage.in_force():
        print(f"ready gateway={gateway.local_url}", flush=True)
        while command := await commands.get():
            print(await bench.obey(command), flush=True)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await gateway.stop()
    await store.close()


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Options)))
