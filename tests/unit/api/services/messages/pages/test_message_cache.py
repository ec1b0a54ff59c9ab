"""The newest messages of channels, kept exact by events."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
import pytest

from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_page import MAX_MESSAGE_BYTES, PAGE_SIZE
from core.bus.interfaces import Delivery
from core.domain.errors import Unavailable
from core.domain.events import Audience
from core.domain.messages.message import AddedMessage, Message
from core.wire.envelope import Envelope

CHANNEL = 7


class FakeBus:
    """Calls its listeners."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Delivery], None]] = []

    def subscribe(self, listener: Callable[[Delivery], None], shards: Collection[int] | None = None) -> None:
        self._listeners.append(listener)

    def deliver(self, event: str, envelope_id: int = 0) -> None:
        envelope = Envelope(
            id=envelope_id, event=event, audience=Audience.CHANNEL, payload=msgspec.Raw(b"{}"), channel_id=CHANNEL
        )
        for listener in self._listeners:
            listener(Delivery(1, 0, envelope))


class FakeMessages:
    """A store of one channel's messages; reads can be held up."""

    def __init__(self, bus: FakeBus) -> None:
        self.stored: list[Message] = []
        self.reads = 0
        self.rows_read = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._bus = bus

    async def list_page(self, channel_id: int, *, limit: int, after: int | None = None) -> list[Message]:
        self.reads += 1
        above = [message for message in self.stored if after is None or message.id > after]
        page = (above[-limit:] if after is None else above[:limit])[::-1]
        self.rows_read += len(page)
        await self.gate.wait()
        return page

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        self.reads += 1
        return next((message for message in self.stored if message.id == message_id), None)

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        self.stored.append(message)
        self._bus.deliver("MESSAGE_CREATE", message.id)
        return AddedMessage(message, is_new=True)


def message(number: int) -> Message:
    return Message(id=number, channel_id=CHANNEL, author_id=1)


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def messages(bus: FakeBus) -> FakeMessages:
    return FakeMessages(bus)


@pytest.fixture
def cache(bus: FakeBus, messages: FakeMessages) -> MessageCache:
    untyped: Any = messages
    untyped_bus: Any = bus
    return MessageCache(messages=untyped, bus=untyped_bus)


async def numbers(cache: MessageCache) -> list[int]:
    return [found.id for found in (await cache.page(CHANNEL)).messages]


async def test_page_asked_for_at_once_is_read_once(cache: MessageCache, messages: FakeMessages) -> None:
    messages.stored = [message(1)]
    pages = await asyncio.gather(*(cache.page(CHANNEL) for _ in range(50)))
    assert [page.messages for page in pages] == [(message(1),)] * 50
    assert messages.reads == 1


async def test_page_grows_with_what_is_added(cache: MessageCache, messages: FakeMessages) -> None:
    assert await numbers(cache) == []
    for number in range(1, PAGE_SIZE + 11):
        await cache.add(message(number), ())
    assert await numbers(cache) == list(range(PAGE_SIZE + 10, 10, -1))
    assert not (await cache.page(CHANNEL)).is_whole
    assert messages.reads == 1


@pytest.mark.parametrize("event", ["MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"])
async def test_page_is_dropped_by_what_others_do(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus, event: str
) -> None:
    messages.stored = [message(1)]
    await cache.page(CHANNEL)
    messages.stored = [message(2)]
    bus.deliver(event, 2)
    assert await numbers(cache) == [2]


async def test_page_is_kept_when_its_message_is_published_again(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await cache.page(CHANNEL)
    await cache.add(message(1), ())
    bus.deliver("MESSAGE_CREATE", 1)
    bus.deliver("TYPING_START")
    assert await numbers(cache) == [1]
    assert messages.reads == 1


async def test_page_that_was_being_read_during_an_event_is_not_kept(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    messages.stored = [message(1)]
    messages.gate.clear()
    early = asyncio.create_task(cache.page(CHANNEL))
    await asyncio.sleep(0)
    await cache.add(message(2), ())
    messages.gate.set()
    await early
    assert await numbers(cache) == [2, 1]


async def test_find_looks_into_the_page_first(cache: MessageCache, messages: FakeMessages) -> None:
    messages.stored = [message(1), message(2)]
    assert cache.find_on_page(CHANNEL, 1) is None
    assert await cache.find(CHANNEL, 1) == message(1)
    assert messages.reads == 1
    page = await cache.page(CHANNEL)
    assert cache.find_on_page(CHANNEL, 2) == (message(2), page)
    assert await cache.find(CHANNEL, 2) == message(2)
    assert messages.reads == 2
    assert await cache.find(CHANNEL, 3) is None


async def tell(bus: FakeBus, messages: FakeMessages, *numbers: int) -> None:
    """Let another process send messages."""
    for number in numbers:
        messages.stored.append(message(number))
        bus.deliver("MESSAGE_CREATE", number)


async def test_page_lives_while_others_send_and_reads_only_what_is_newer(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    messages.stored = [message(number) for number in range(1, PAGE_SIZE + 1)]
    page = await cache.page(CHANNEL)
    for number in range(PAGE_SIZE + 1, PAGE_SIZE + 31, 3):
        await tell(bus, messages, number, number + 1, number + 2)
        assert await numbers(cache) == list(range(number + 2, number + 2 - PAGE_SIZE, -1))
    assert await cache.page(CHANNEL) is page
    assert (messages.reads, messages.rows_read) == (11, PAGE_SIZE + 30)


async def test_page_that_is_behind_by_more_than_a_page_is_read_anew(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await tell(bus, messages, 1)
    await cache.page(CHANNEL)
    await tell(bus, messages, *range(2, PAGE_SIZE + 50))
    assert await numbers(cache) == list(range(PAGE_SIZE + 49, 49, -1))
    assert messages.reads == 3


async def test_own_message_behind_one_of_others_waits_for_the_read(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await cache.page(CHANNEL)
    await tell(bus, messages, 1)
    await cache.add(message(2), ())
    assert await numbers(cache) == [2, 1]
    await cache.add(message(3), ())
    assert await numbers(cache) == [3, 2, 1]
    assert messages.reads == 2


async def test_readers_of_a_page_that_is_behind_read_once(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await cache.page(CHANNEL)
    await tell(bus, messages, 1)
    pages = await asyncio.gather(*(cache.page(CHANNEL) for _ in range(50)))
    assert {tuple(shown.id for shown in page.messages) for page in pages} == {(1,)}
    assert messages.reads == 2


async def test_page_takes_what_was_told_and_leaves_what_is_only_stored(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await cache.page(CHANNEL)
    messages.stored.append(message(5))
    await tell(bus, messages, 3)
    messages.stored.sort(key=lambda stored: stored.id)
    assert await numbers(cache) == [3]
    bus.deliver("MESSAGE_CREATE", 5)
    assert await numbers(cache) == [5, 3]


async def read_too_early(cache: MessageCache, messages: FakeMessages, bus: FakeBus, early: int, late: int) -> None:
    """Read while the later of two messages is stored alone; then the earlier one is stored, and both are told."""
    messages.stored.append(message(late))
    messages.gate.clear()
    reading = asyncio.create_task(cache.page(CHANNEL))
    await asyncio.sleep(0)
    messages.stored.insert(-1, message(early))
    bus.deliver("MESSAGE_CREATE", early)
    bus.deliver("MESSAGE_CREATE", late)
    messages.gate.set()
    assert not {early, late} & {shown.id for shown in (await reading).messages}


async def test_message_that_was_stored_too_late_for_the_first_read_is_not_passed_over(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await read_too_early(cache, messages, bus, 3, 4)
    assert await numbers(cache) == [4, 3]


async def test_message_that_was_stored_too_late_for_what_is_newer_is_not_passed_over(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await cache.page(CHANNEL)
    await tell(bus, messages, 1)
    await read_too_early(cache, messages, bus, 3, 4)
    assert await numbers(cache) == [4, 3, 1]


async def test_message_that_is_told_below_the_newest_of_the_page_drops_it(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    messages.stored = [message(2)]
    assert await numbers(cache) == [2]
    messages.stored.insert(0, message(1))
    bus.deliver("MESSAGE_CREATE", 1)
    bus.deliver("MESSAGE_CREATE", 2)
    assert await numbers(cache) == [2, 1]
    assert messages.reads == 2


async def test_reader_who_comes_during_a_read_gets_what_was_told_before_he_came(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    messages.gate.clear()
    early = asyncio.create_task(cache.page(CHANNEL))
    await asyncio.sleep(0)
    await tell(bus, messages, 1)
    late = asyncio.create_task(cache.page(CHANNEL))
    await asyncio.sleep(0)
    messages.gate.set()
    await early
    assert [shown.id for shown in (await late).messages] == [1]


async def test_page_is_read_anew_after_an_edit_during_its_read(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus
) -> None:
    await tell(bus, messages, 1)
    await cache.page(CHANNEL)
    await tell(bus, messages, 2)
    messages.gate.clear()
    early = asyncio.create_task(cache.page(CHANNEL))
    await asyncio.sleep(0)
    messages.stored = [msgspec.structs.replace(stored, content="edited") for stored in messages.stored]
    bus.deliver("MESSAGE_UPDATE", 9)
    messages.gate.set()
    await early
    assert {shown.content for shown in (await cache.page(CHANNEL)).messages} == {"edited"}


async def test_read_that_fails_leaves_the_page_behind(
    cache: MessageCache, messages: FakeMessages, bus: FakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(bus, messages, 1)
    await cache.page(CHANNEL)
    await tell(bus, messages, 2)

    async def fail(*_: object, **__: object) -> list[Message]:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(messages, "list_page", fail)
        with pytest.raises(Unavailable):
            await cache.page(CHANNEL)
    assert await numbers(cache) == [2, 1]


async def test_message_older_than_one_that_did_not_fit_drops_the_page(
    cache: MessageCache, messages: FakeMessages
) -> None:
    await cache.page(CHANNEL)
    await cache.add(msgspec.structs.replace(message(9), content="x" * MAX_MESSAGE_BYTES), ())
    await cache.add(message(8), ())
    messages.stored.sort(key=lambda stored: stored.id)
    assert (await cache.page(CHANNEL)).find_slice(before=None, after=None, limit=1) is None
