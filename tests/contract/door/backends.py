"""The doors that the contract suite runs against, and what its tests do with them.

A new implementation joins by a class beside `MemoryDoorBackend` and a line in `BACKENDS`.
"""

import asyncio
from typing import Any, Protocol

import pytest

from core.bus.relay import Relay
from core.domain.ids import shard_of
from core.door.interfaces import Claim, Door, Opening, Permit
from core.door.memory import MemoryDoor
from core.door.redis import RedisDoor
from core.door.rules import MessageRules
from core.door.traced import Sampler, TracedDoor
from core.live.interfaces import Rule
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.refusals import Refusals
from core.runtime.settings.settings import TraceSettings
from core_ext.ids import SnowflakeGenerator
from tests.contract.builders import new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.redis.cluster import KeepingProcess
from tests.fakes.redis.doors import build_door
from tests.fakes.tracer import FakeTracer

GUILD, CHANNEL, AUTHOR, OTHER = 10, 30, 1, 2
RULES = MessageRules(channel=Rule("channel-messages", 3, 10.0), overall=Rule("messages", 5, 60.0))
"""Low limits."""
HIGH_RULES = MessageRules(channel=Rule("channel-messages", 1000, 10.0), overall=Rule("messages", 1000, 60.0))
"""Limits that no test reaches by accident."""
HOUR_S = 60 * 60


class DoorBackend(Protocol):
    """A door, and the parts of the world that it looks at."""

    @property
    def door(self) -> Door: ...

    async def open(self, rules: MessageRules | None) -> None: ...

    async def close(self) -> None: ...

    async def store(self, permit: Permit) -> None:
        """Do to the door what `MessageStore.add` does."""

    async def hear(self, event: str, guild_id: int, user_id: int = 0) -> None:
        """Let an event of a guild, or with guild 0 of a user, happen, so that this process has heard it."""

    async def let_pass(self, seconds: float) -> None:
        """Let time pass for the door."""


class MemoryDoorBackend:
    """The door of a single process."""

    door: MemoryDoor

    def __init__(self) -> None:
        self._clock = FakeClock()
        self._bus = MemoryBus(num_shards=4)

    async def open(self, rules: MessageRules | None) -> None:
        """Make the door."""
        self.door = MemoryDoor(
            make_id=SnowflakeGenerator(0, 0, self._clock.now_ms).next,
            bus=self._bus,
            limiter=MemoryRateLimiter(clock=self._clock),
            rules=rules,
            refusals=Refusals(),
            clock=self._clock,
        )

    async def close(self) -> None:
        """Do nothing."""

    async def store(self, permit: Permit) -> None:
        """Take a while, as storing does. The door hears of it when its context ends."""
        await asyncio.sleep(0)

    async def hear(self, event: str, guild_id: int, user_id: int = 0) -> None:
        """Publish on the bus."""
        await self._bus.publish([new_envelope(1, guild_id, event, user_id=user_id)])

    async def let_pass(self, seconds: float) -> None:
        """Move the clock."""
        self._clock.advance(seconds)


class RedisDoorBackend:
    """The door of a cluster's process, on the twins of the scripts."""

    door: RedisDoor

    def __init__(self) -> None:
        self._clock = FakeClock()
        self._revision = 0

    async def open(self, rules: MessageRules | None) -> None:
        """Run a process that keeps the logs and has a door."""
        self._process = KeepingProcess.on_twins(self._clock, num_shards=4)
        self._process.start()
        await self._process.open_logs()
        assert await self._process.bus.wait_current(5)
        self.door = build_door(self._process, rules=rules)

    async def close(self) -> None:
        """End it."""
        await self._process.kill()

    async def store(self, permit: Permit) -> None:
        """Take a while, as storing does, and close the door."""
        await asyncio.sleep(0)
        await self.door.close(permit.id, [new_envelope(permit.id, GUILD, "MESSAGE_CREATE")])

    async def hear(self, event: str, guild_id: int, user_id: int = 0) -> None:
        """Relay an event of a unit of work."""
        self._revision += 1
        envelope = new_envelope(self._revision, guild_id, event, user_id=user_id)
        shard = shard_of(envelope.owner_id, 4)
        relay = Relay(bus=self._process.bus, scripts=self._process.scripts)
        revisions = await relay.find_revisions()
        position = await relay.relay(shard, revisions[shard] + 1, [envelope])
        assert await self._process.bus.wait_passed(shard, position)

    async def let_pass(self, seconds: float) -> None:
        """Move the clock."""
        self._clock.advance(seconds)


class TracedDoorBackend:
    """The door of a single process, of which every message is traced."""

    door: TracedDoor

    def __init__(self) -> None:
        self._behind = MemoryDoorBackend()
        self.close = self._behind.close
        self.store = self._behind.store
        self.hear = self._behind.hear
        self.let_pass = self._behind.let_pass

    async def open(self, rules: MessageRules | None) -> None:
        """Put the layer around the door."""
        await self._behind.open(rules)
        sampler = Sampler(
            TraceSettings(ratio=1.0),
            count_online=MemoryOnlineCounts().find_many,
            draw=lambda: 0.0,
            monotonic_s=FakeClock().monotonic_s,
        )
        self.door = TracedDoor(self._behind.door, sampler=sampler, tracer=FakeTracer())


BACKENDS: dict[str, type[DoorBackend]] = {
    "memory": MemoryDoorBackend,
    "traced": TracedDoorBackend,
    "twins of redis": RedisDoorBackend,
}


def opening(door: Door, **fields: Any) -> Opening:
    """Make the opening of somebody whose rights were checked just now."""
    values = {"channel_id": CHANNEL, "guild_id": GUILD, "author_id": AUTHOR, "mark": door.mark()}
    return Opening(**{**values, **fields})


async def send(backend: DoorBackend, **fields: Any) -> Permit:
    """Send one message."""
    async with backend.door.open(opening(backend.door, **fields)) as permit:
        if not permit.is_repeat:
            await backend.store(permit)
        return permit


async def confirm(backend: DoorBackend, **fields: Any) -> None:
    """Ask whether rights that were checked just now are those of now."""
    values = {"channel_id": CHANNEL, "guild_id": GUILD, "author_id": AUTHOR, "mark": backend.door.mark()}
    await backend.door.confirm(Claim(**{**values, **fields}))


class Held:
    """A message that stays between `open` and `add` until it is told how to go on."""

    def __init__(self, backend: DoorBackend, **fields: Any) -> None:
        self._go = asyncio.Event()
        self._fails = False
        self._backend = backend
        self._opening = opening(backend.door, **fields)
        self.permit: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> Permit:
        async with self._backend.door.open(self._opening) as permit:
            self.permit.set_result(permit)
            await self._go.wait()
            if self._fails:
                raise ConnectionError
            await self._backend.store(permit)
        return permit

    async def store(self) -> Permit:
        """Let the message be stored."""
        self._go.set()
        return await self.task

    async def fail(self) -> None:
        """Let it fail before it is given to the store."""
        self._fails = True
        self._go.set()
        with pytest.raises(ConnectionError):
            await self.task


async def settle() -> None:
    """Let all tasks run as far as they can without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)
