"""The newest message ids of channels, by events of any process."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from api.services.channels.last_messages import LastMessages
from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE
from tests.contract.builders import new_envelope
from tests.fakes.memory_bus import MemoryBus

GUILD, CHANNEL, OTHER = 10, 30, 31


class FakeMessages:
    """A store whose reads can be held up."""

    def __init__(self) -> None:
        self.ids = {CHANNEL: 5}
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        self.reads += 1
        found = {channel_id: self.ids[channel_id] for channel_id in channel_ids if channel_id in self.ids}
        await self.gate.wait()
        return found


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus(num_shards=2)


@pytest.fixture
def messages() -> FakeMessages:
    return FakeMessages()


@pytest.fixture
def last(bus: MemoryBus, messages: FakeMessages) -> LastMessages:
    untyped: Any = messages
    return LastMessages(messages=untyped, bus=bus)


async def tell(bus: MemoryBus, message_id: int, channel_id: int = CHANNEL, event: str = MESSAGE_CREATE) -> None:
    await bus.publish([new_envelope(message_id, GUILD, event, channel_id=channel_id)])


async def test_new_message_is_known_without_a_read(last: LastMessages, bus: MemoryBus, messages: FakeMessages) -> None:
    assert await last.find_ids([CHANNEL, OTHER]) == {CHANNEL: 5}
    await tell(bus, 7)
    await tell(bus, 8, OTHER)
    await tell(bus, 9, 99)
    assert await last.find_ids([CHANNEL, OTHER]) == {CHANNEL: 7, OTHER: 8}
    assert messages.reads == 1


async def test_message_that_is_published_again_or_deleted_is_not_the_newest(last: LastMessages, bus: MemoryBus) -> None:
    await last.find_ids([CHANNEL])
    await tell(bus, 4)
    await tell(bus, 9, event=MESSAGE_DELETE)
    assert await last.find_ids([CHANNEL]) == {CHANNEL: 5}


async def test_read_that_was_under_way_is_not_kept(last: LastMessages, bus: MemoryBus, messages: FakeMessages) -> None:
    messages.gate.clear()
    early = asyncio.create_task(last.find_ids([CHANNEL]))
    await asyncio.sleep(0)
    messages.ids[CHANNEL] = 7
    await tell(bus, 7)
    messages.gate.set()
    assert await early == {CHANNEL: 5}
    assert await last.find_ids([CHANNEL]) == {CHANNEL: 7}
