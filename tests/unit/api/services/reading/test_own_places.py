"""The places of authors: taken from the logs, written together, and not lost while the store is away or by a kill."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import msgspec
import pytest

from api.services.reading.own_places import MOST, OwnPlaces
from core.domain.errors import Unavailable
from core.domain.events import MESSAGE_CREATE, MESSAGE_UPDATE, Audience
from core.wire.envelope import Envelope
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.late_bus import LateBus
from tests.fakes.memory_bus import MemoryBus

GUILD, OTHER_GUILD = 10 << 22, 11 << 22


class Places:
    """A store with places alone, which may be away, and outlives the processes that write to it."""

    def __init__(self) -> None:
        self.is_away = False
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_asked = asyncio.Event()
        self.units: list[dict[tuple[int, int], int]] = []
        self.followed: dict[int, int] = {}
        self.read_states = self

    @property
    def written(self) -> dict[tuple[int, int], int]:
        """The newest message of each place."""
        return {place: unit[place] for unit in self.units for place in unit}

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator["Places"]:
        if self.is_away:
            raise Unavailable
        yield self

    async def fetch_followed(self) -> dict[int, int]:
        if self.is_away:
            raise Unavailable
        return dict(self.followed)

    async def move_own(
        self, places: Mapping[tuple[int, int], int], *, followed: Mapping[int, int], now_ms: int
    ) -> None:
        assert now_ms == START_MS
        self.is_asked.set()
        await self.may_write.wait()
        self.units.append(dict(places))
        self.followed.update(followed)


class Process:
    """A process that follows the logs; a new one follows the same logs and store."""

    def __init__(self, bus: MemoryBus, store: Places) -> None:
        self.bus = bus
        self.store = store
        self.places = OwnPlaces(store=cast("Any", store), bus=bus, clock=FakeClock())

    async def send(self, author_id: int, channel_id: int, message_id: int, *, guild_id: int = GUILD) -> None:
        await self.tell(MESSAGE_CREATE, author_id, channel_id, message_id, guild_id=guild_id)

    async def tell(self, event: str, author_id: int, channel_id: int, event_id: int, *, guild_id: int = GUILD) -> None:
        told = Envelope(
            id=event_id, event=event, audience=Audience.CHANNEL, guild_id=guild_id, channel_id=channel_id,
            author_id=author_id, payload=msgspec.Raw(b"{}"),
        )  # fmt: skip
        await self.bus.publish([told])

    def restarted(self) -> "Process":
        """Return the next life, after a kill."""
        return Process(self.bus, self.store)


async def turns() -> None:
    """Let tasks go on until they wait."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
def store() -> Places:
    return Places()


@pytest.fixture
def process(store: Places) -> Process:
    return Process(MemoryBus(num_shards=4), store)


async def test_newest_message_of_each_channel_is_written_once(store: Places, process: Process) -> None:
    await process.places.write()
    for place in ((1, 30, 7), (2, 30, 8), (1, 30, 9), (1, 31, 10)):
        await process.send(*place)
    await process.tell(MESSAGE_UPDATE, 3, 30, 11)
    await process.places.write()
    await process.places.write()
    assert store.units == [{(1, 30): 9, (2, 30): 8, (1, 31): 10}]


async def test_places_of_those_who_log_in_are_written_at_once(store: Places, process: Process) -> None:
    await process.send(1, 30, 7)
    await process.places.settle([1])
    assert store.units == [], "another process follows the logs"
    await process.places.write()
    await process.send(1, 30, 8)
    await process.send(2, 30, 9)
    await process.places.settle([3])
    assert store.units == [{(1, 30): 7}]
    await process.places.settle([3, 2])
    assert store.units == [{(1, 30): 7}, {(1, 30): 8, (2, 30): 9}]


async def test_process_that_trails_keeps_what_the_other_one_has_not_written(store: Places, process: Process) -> None:
    trailing = Process(process.bus, store).places
    await process.places.write()
    await process.send(1, 30, 7)
    await trailing.trail()
    assert set(trailing._places) == {(1, 30)}, "found in the log"
    await process.send(2, 40, 8, guild_id=OTHER_GUILD)
    assert set(trailing._places) == {(1, 30), (2, 40)}
    await process.places.write()
    await process.send(1, 31, 9)
    await trailing.trail()
    assert set(trailing._places) == {(1, 31)}


async def test_process_that_trails_writes_for_those_who_log_in(store: Places, process: Process) -> None:
    trailing = Process(process.bus, store).places
    await process.places.write()
    await trailing.trail()
    await process.send(1, 30, 7)
    await trailing.settle([2])
    assert store.units == []
    await trailing.settle([1])
    assert store.units == [{(1, 30): 7}]
    await process.places.write()
    assert store.written == {(1, 30): 7}


async def test_process_that_trails_goes_on_as_the_one_that_writes(store: Places, process: Process) -> None:
    places = process.places
    is_held = False
    running = asyncio.create_task(places.run(lambda: is_held, trails=True))
    await turns()
    assert places._is_following
    await process.send(1, 30, 7)
    is_held = True
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert store.units == [{(1, 30): 7}]


async def test_login_waits_for_what_its_process_has_not_heard_yet(store: Places, process: Process) -> None:
    late = LateBus(process.bus)
    places = OwnPlaces(store=cast("Any", store), bus=late, clock=FakeClock())
    await places.trail()
    late.hold()
    await process.send(1, 30, 7)
    settling = asyncio.create_task(places.settle([1]))
    await turns()
    assert late.is_waited_for
    late.release()
    await settling
    assert store.units == [{(1, 30): 7}]


async def test_login_waits_for_places_that_are_being_written(store: Places, process: Process) -> None:
    await process.places.write()
    await process.send(1, 30, 7)
    store.is_asked.clear()
    store.may_write.clear()
    writing = asyncio.create_task(process.places.write())
    await store.is_asked.wait()
    settling = asyncio.create_task(process.places.settle([1]))
    await asyncio.sleep(0)
    assert not settling.done()
    store.may_write.set()
    await settling
    assert store.units == [{(1, 30): 7}]
    await writing


async def test_login_goes_on_when_places_cannot_be_written(store: Places, process: Process) -> None:
    await process.places.write()
    await process.send(1, 30, 7)
    store.is_away = True
    await process.places.settle([1])
    store.is_away = False
    await process.places.write()
    assert store.units == [{(1, 30): 7}]


async def test_next_life_writes_what_a_killed_one_has_not(store: Places, process: Process) -> None:
    await process.send(1, 30, 7)
    await process.places.write()
    await process.send(1, 30, 8)
    await process.send(2, 40, 9, guild_id=OTHER_GUILD)
    await process.restarted().places.write()
    assert store.units == [{(1, 30): 7}, {(1, 30): 8, (2, 40): 9}]


async def test_places_that_cannot_be_written_are_written_later(store: Places, process: Process) -> None:
    await process.places.write()
    await process.send(1, 30, 7)
    store.is_away = True
    with pytest.raises(Unavailable):
        await process.places.write()
    await process.send(1, 31, 8)
    store.is_away = False
    await process.places.write()
    assert store.written == {(1, 30): 7, (1, 31): 8}


async def test_little_waits_in_memory_however_much_is_sent(store: Places, process: Process) -> None:
    await process.places.write()
    for number in range(3 * MOST):
        await process.send(number, 30, number + 1)
    assert len(process.places._places) == MOST
    await process.places.write()
    await process.places.write()
    assert store.written == {(number, 30): number + 1 for number in range(3 * MOST)}
    assert max(map(len, store.units)) <= MOST + 1000, "a page is read as a whole"


async def test_log_that_does_not_reach_back_is_taken_up_at_its_end(store: Places, process: Process) -> None:
    await process.send(1, 30, 7)
    await process.places.write()
    await process.send(1, 30, 8)
    process.bus.trim()
    later = process.restarted()
    await later.places.write()
    await later.send(1, 31, 9)
    await later.places.write()
    assert store.written == {(1, 30): 7, (1, 31): 9}


async def test_positions_are_written_now_and_then_when_nobody_writes(store: Places, process: Process) -> None:
    await process.send(1, 30, 7)
    await process.places.write()
    before = dict(store.followed)
    await process.tell(MESSAGE_UPDATE, 1, 30, 8)
    await process.places.write()
    assert store.followed == before
    for _ in range(30):
        await process.places.write()
    assert sum(store.followed.values()) == sum(before.values()) + 1


async def test_who_has_not_the_job_keeps_nothing(store: Places, process: Process) -> None:
    await process.places.write()
    await process.send(1, 30, 7)
    running = asyncio.create_task(process.places.run(lambda: False))
    await asyncio.sleep(0)
    await process.send(1, 30, 8)
    assert process.places._places == {}
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert store.units == []


async def test_what_is_left_is_written_at_the_end(store: Places, process: Process) -> None:
    running = asyncio.create_task(process.places.run())
    await asyncio.sleep(0)
    await process.places.write()
    await process.send(1, 30, 7)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert store.units == [{(1, 30): 7}]


async def test_stop_in_the_middle_of_a_write_loses_nothing(store: Places, process: Process) -> None:
    await process.send(1, 30, 7)
    store.may_write.clear()
    writing = asyncio.create_task(process.places.write())
    await store.is_asked.wait()
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing
    store.may_write.set()
    await process.places.write()
    assert store.units == [{(1, 30): 7}]
