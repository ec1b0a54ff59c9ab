"""The processes of a cluster, as far as its doors go: APIs that take messages, and the worker that keeps the logs.

Real are the bus with its tail, the doors, the store of a cluster's messages, the sweep, the leases and the keeper. The
rows are the fake of Cassandra's, Redis is the twins' (`redis_links`).
"""

import asyncio

import msgspec

from core.bus.interfaces import Delivery
from core.bus.log_keeper import LogKeeper
from core.bus.redis import RedisBus
from core.domain.errors import Unavailable, UnknownMessage
from core.domain.messages.message import Message
from core.door.interfaces import Opening
from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.redis_orphans import RedisOrphans
from core.door.tickets import Tickets
from core.live.limits import MemoryRateLimiter
from core.live.redis_limits import RedisRateLimiter
from core.live.refusals import Refusals
from core.redis.jobs import JobLease
from core.store.cluster.door_sweep import DoorSweep
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reaction_sweep import ReactionSweep
from core_ext.ids import SnowflakeGenerator
from tests.fakes.mention_rows import FakeMentionRows
from tests.fakes.message_rows import FakeMessageRows
from tests.fakes.reaction_events import FakeReactionEvents
from tests.fakes.reaction_rows import FakeReactionRows
from tests.fakes.redis.log_source import FakeLogSource
from tests.simulation.doors.message_events import CHANNELS, MessageEvents, Shown
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.redis_links import RedisHost, RedisLink, TopicLink
from tests.simulation.world.server import SimulatedClock

NUM_SHARDS = 2
_RING_BYTES = 1 << 16
_FAR_MS = 1 << 42
_EDIT_TRIES = 5
"""As the API tries an edit that others came before."""
_decode = msgspec.json.Decoder(Shown).decode


class Heard(msgspec.Struct, frozen=True):
    """An entry of a log, as a process was told it."""

    shard: int
    position: int
    envelope_id: int
    owner_id: int
    channel_id: int
    event: str
    message_ids: tuple[int, ...]
    content: str


class Process:
    """What both kinds have: a loop, links, and a bus whose tail writes down what it hears."""

    def __init__(self, *, name: str, host: RedisHost, skew_ms: int) -> None:
        self.name = name
        self.loop: ProcessLoop = host.world.make_loop(name)
        self.clock = SimulatedClock(host.world, skew_ms)
        self.heard: list[Heard] = []
        self.skipped: list[tuple[int, int]] = []
        """Shards, and the positions after which the process was told that it has missed the rest of a generation."""
        self._world = host.world
        self._host = host
        host.world.trace.note(name, f"starts, {skew_ms} ms off")

    def start(self) -> None:
        """Begin to run."""
        self.loop.call_soon(lambda: self.loop.create_task(self._run()))

    def kill(self) -> None:
        """SIGKILL."""
        self._world.trace.note(self.name, "KILLED")
        self.loop.kill()

    async def _run(self) -> None:
        raise NotImplementedError

    def _make_bus(self, *, ring_bytes: int = 0) -> RedisBus:
        chance = self._world.chance(self.name)
        self.scripts = RedisLink(host=self._host, loop=self.loop, chance=chance)
        topics = TopicLink(host=self._host, loop=self.loop, chance=chance)
        bus = RedisBus(
            num_shards=NUM_SHARDS, scripts=self.scripts, topics=topics, clock=self.clock, ring_bytes=ring_bytes
        )
        bus.subscribe(self._hear)
        bus.on_loss(self._note_loss)
        return bus

    def _note_loss(self, shard: int) -> None:
        self.skipped.append((shard, max((each.position for each in self.heard if each.shard == shard), default=0)))

    def _hear(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        shown = _decode(envelope.payload)
        self.heard.append(
            Heard(
                shard=delivery.shard,
                position=delivery.position,
                envelope_id=envelope.id,
                owner_id=envelope.owner_id,
                channel_id=envelope.channel_id,
                event=envelope.event,
                message_ids=tuple(map(int, shown.ids or [shown.id])),
                content=shown.content,
            )
        )


class WorkerProcess(Process):
    """The keeper of the logs."""

    def __init__(self, *, name: str, host: RedisHost, skew_ms: int, source: FakeLogSource) -> None:
        super().__init__(name=name, host=host, skew_ms=skew_ms)
        self._source = source

    async def _run(self) -> None:
        bus = self._make_bus(ring_bytes=_RING_BYTES)
        lease = JobLease(name="logs", holder=self.name, scripts=self.scripts, clock=self.clock)
        keeper = LogKeeper(bus=bus, scripts=self.scripts, lease=lease, source=self._source, clock=self.clock)
        async with asyncio.TaskGroup() as tasks:
            for run in (bus.run, lease.run, keeper.run):
                tasks.create_task(run())


class ApiProcess(Process):
    """A process that stores messages, edits and deletions."""

    def __init__(self, *, name: str, node: int, host: RedisHost, skew_ms: int, rows: FakeMessageRows) -> None:
        super().__init__(name=name, host=host, skew_ms=skew_ms)
        self._node = node
        self._rows = rows
        self._events = MessageEvents()
        self._door: RedisDoor | None = None
        self._ids: SnowflakeGenerator
        self._messages: ClusterMessages

    async def _run(self) -> None:
        bus = self._make_bus()
        openings = RedisOpenings(bus=bus, scripts=self.scripts, clock=self.clock, incarnation=self.name)
        tickets = SnowflakeGenerator(0, self._node, self.clock.now_ms)
        door = RedisDoor(
            bus=bus,
            scripts=self.scripts,
            openings=openings,
            tickets=Tickets(next_id=tickets.next, floor_ms=lambda: _FAR_MS),
            limiter=RedisRateLimiter(scripts=self.scripts, alone=MemoryRateLimiter(clock=self.clock)),
            rules=None,
            refusals=Refusals(),
        )
        self._ids = SnowflakeGenerator(1, self._node, self.clock.now_ms)
        mentions = FakeMentionRows()
        self._messages = ClusterMessages(rows=self._rows, mentions=mentions, door=door, clock=self.clock)
        lease = JobLease(name="doors", holder=self.name, scripts=self.scripts, clock=self.clock)
        sweep = DoorSweep(
            orphans=RedisOrphans(bus=bus, scripts=self.scripts, clock=self.clock),
            rows=self._rows,
            mentions=mentions,
            events=self._events,
            reactions=ReactionSweep(rows=FakeReactionRows(has_message=_has_no_message), events=FakeReactionEvents(0)),
            is_held=lambda: lease.epoch is not None,
        )
        self._door = door
        async with asyncio.TaskGroup() as tasks:
            for run in (bus.run, openings.run, lease.run, sweep.run):
                tasks.create_task(run())

    async def send(self, *, author_id: int, channel_id: int, nonce: str, content: str) -> int:
        """Send a message; return its id. Raises DomainError."""
        door = self._door
        if door is None:
            raise ConnectionRefusedError
        guild_id = CHANNELS[channel_id].guild_id
        opening = Opening(channel_id=channel_id, guild_id=guild_id, author_id=author_id, nonce=nonce, mark=None)
        async with door.open(opening) as permit:
            if permit.is_repeat:
                return permit.id
            message = Message(
                id=permit.id,
                channel_id=channel_id,
                guild_id=guild_id,
                author_id=author_id,
                content=content,
                nonce=nonce,
            )
            await self._messages.add(message, await self._events.created(message))
        return permit.id

    async def edit(self, *, channel_id: int, message_id: int, content: str) -> int:
        """Edit a message; return its version. Raises DomainError."""
        if self._door is None:
            raise ConnectionRefusedError
        for _ in range(_EDIT_TRIES):
            message = await self._rows.find(channel_id, message_id)
            if message is None:
                raise UnknownMessage
            edited = msgspec.structs.replace(message, content=content, version=message.version + 1)
            stored = await self._messages.update(
                channel_id,
                message_id,
                {"content": content},
                expected_version=message.version,
                envelopes=await self._events.updated(self._ids.next(), edited),
            )
            if stored is not None:
                return edited.version
        raise Unavailable

    async def delete(self, *, channel_id: int, message_id: int) -> int:
        """Delete a message; return its id. Raises DomainError."""
        if self._door is None:
            raise ConnectionRefusedError
        envelopes = await self._events.deleted(self._ids.next(), channel_id, [message_id])
        if not await self._messages.delete(channel_id, [message_id], envelopes):
            raise UnknownMessage
        return message_id


async def _has_no_message(_channel_id: int, _message_id: int) -> bool:
    """Nobody reacts in these worlds."""
    return False
