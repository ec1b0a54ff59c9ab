"""The newest messages of channels, kept exact by events."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.messages.message_cache import (
    MAX_DERIVED_BYTES,
    MAX_MESSAGE_BYTES,
    PAGE_SIZE,
    MessageCache,
    Page,
)
from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.domain.message import AddedMessage, Message, ResolvedMessage
from core.domain.user import User
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
        self.gate = asyncio.Event()
        self.gate.set()
        self._bus = bus

    async def list_page(self, channel_id: int, *, limit: int) -> list[Message]:
        self.reads += 1
        page = self.stored[-limit:][::-1]
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


@pytest.mark.parametrize("event", ["MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "MESSAGE_CREATE"])
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


@given(
    count=st.integers(0, PAGE_SIZE + 20),
    bound=st.integers(0, PAGE_SIZE + 25),
    limit=st.integers(1, 100),
    direction=st.sampled_from(["before", "after", "newest"]),
)
def test_slice_is_what_the_store_would_say_or_nothing(count: int, bound: int, limit: int, direction: str) -> None:
    everything = [message(number) for number in range(1, count + 1)]
    page = Page(tuple(everything[-PAGE_SIZE:][::-1]))
    before = bound if direction == "before" else None
    after = bound if direction == "after" else None
    if after is not None:
        expected = [found for found in everything if found.id > after][:limit][::-1]
    else:
        expected = [found for found in everything if before is None or found.id < before][-limit:][::-1]
    found = page.find_slice(before=before, after=after, limit=limit)
    if found is None:
        assert count >= PAGE_SIZE
    else:
        assert list(found) == expected
    if count < PAGE_SIZE or direction == "newest":
        assert found is not None


def resolved(number: int, author: User, **fields: Any) -> ResolvedMessage:
    return ResolvedMessage(message=msgspec.structs.replace(message(number), **fields), author=author)


AUTHOR = User(id=1, username="x")


def page_of(*messages: Message) -> Page:
    """A page of these messages, given oldest first."""
    return Page(messages[::-1])


def large(number: int, size: int = MAX_MESSAGE_BYTES // 4) -> Message:
    """A message of which three fit onto a page."""
    return msgspec.structs.replace(message(number), content="x" * size)


def test_page_lets_go_of_the_json_of_what_leaves_it() -> None:
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    for number in (1, 2):
        page.keep_encoded(resolved(number, AUTHOR), b"%d" % number)
    page.push(message(PAGE_SIZE + 1))
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2)] == [None, b"2"]


def test_page_keeps_json_for_one_author_as_he_is_and_of_nobody_else() -> None:
    page = page_of(message(1), message(2), message(3))
    page.keep_encoded(resolved(1, AUTHOR), b"plain")
    page.keep_encoded(resolved(2, AUTHOR, mention_ids=(5,)), b"mentions")
    page.keep_encoded(resolved(3, AUTHOR, reference_id=1), b"answers")
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2, 3)] == [b"plain", None, None]
    renamed = User(id=1, username="x")
    assert page.find_encoded(message(1), renamed) is page.find_encoded(message(1), None) is None
    page.keep_encoded(resolved(1, renamed), b"renamed")
    assert page.find_encoded(message(1), renamed) == b"renamed"


def test_page_keeps_nothing_for_messages_that_have_left_it_while_they_were_encoded() -> None:
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    reply = msgspec.structs.replace(message(1), reference_id=500)
    page.push(message(PAGE_SIZE + 1))
    page.keep_encoded(resolved(1, AUTHOR), b"late")
    page.keep_replied(reply, None)
    assert page.find_encoded(message(1), AUTHOR) is None
    assert not page.replied


def test_page_lets_go_of_what_replies_answer_when_they_leave_it() -> None:
    page = Page(())
    for number in range(1, 3 * PAGE_SIZE):
        reply = msgspec.structs.replace(message(number), reference_id=10_000 + number)
        page.push(reply)
        page.keep_replied(reply, large(10_000 + number, 100))
    assert set(page.replied) == {10_000 + shown.id for shown in page.messages}
    assert len(page.replied) == PAGE_SIZE


def test_page_holds_as_many_messages_as_fit() -> None:
    page = page_of(*(large(number) for number in range(1, 6)))
    assert [shown.id for shown in page.messages] == [5, 4, 3]
    assert not page.is_whole
    assert page.find_slice(before=None, after=None, limit=4) is None
    page.push(message(6))
    page.push(large(7))
    assert [shown.id for shown in page.messages] == [7, 6, 5, 4]
    for number in range(8, 8 + PAGE_SIZE):
        page.push(message(number))
    assert len(page.messages) == PAGE_SIZE


def test_page_without_room_for_its_newest_message_has_no_answer_and_remembers_which_it_was() -> None:
    page = page_of(message(1))
    page.push(large(2, MAX_MESSAGE_BYTES))
    assert (page.messages, page.is_whole, page.newest_id) == ((), False, 2)
    assert page.find_slice(before=None, after=None, limit=1) is page.find_slice(before=None, after=2, limit=1) is None
    assert Page((large(3, MAX_MESSAGE_BYTES), message(2))).messages == ()


def test_page_keeps_as_much_of_its_readers_work_as_fits_and_room_comes_back() -> None:
    half = b"x" * (MAX_DERIVED_BYTES // 2 - 200)
    page = page_of(*(message(number) for number in range(1, PAGE_SIZE + 1)))
    for number in (1, 2, 3):
        page.keep_encoded(resolved(number, AUTHOR), half)
    page.keep_replied(msgspec.structs.replace(message(4), reference_id=500), large(500))
    assert [page.find_encoded(message(number), AUTHOR) for number in (1, 2, 3)] == [half, half, None]
    assert not page.replied
    page.keep_encoded(resolved(1, User(id=1, username="renamed")), half)
    page.push(message(PAGE_SIZE + 1))
    page.keep_encoded(resolved(3, AUTHOR), half)
    assert page.find_encoded(message(3), AUTHOR) == half


async def test_message_older_than_one_that_did_not_fit_drops_the_page(
    cache: MessageCache, messages: FakeMessages
) -> None:
    await cache.page(CHANNEL)
    await cache.add(large(9, MAX_MESSAGE_BYTES), ())
    await cache.add(message(8), ())
    messages.stored.sort(key=lambda stored: stored.id)
    assert (await cache.page(CHANNEL)).find_slice(before=None, after=None, limit=1) is None
