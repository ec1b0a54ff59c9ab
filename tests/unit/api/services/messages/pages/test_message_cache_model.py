"""The cache against a plain model: other processes send, edit and delete, rows and events come apart, reads take long.

Every change passes the channel's door: changes are told in the order in which they were opened, and each is stored some
time before it is told, in any order. A read shows the rows at one moment between its beginning and its end.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.messages.pages import message_cache, message_page
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_page import Page
from core.bus.interfaces import Delivery
from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_UPDATE, Audience
from core.domain.messages.message import AddedMessage, Message
from core.wire.envelope import Envelope

CHANNEL = 7
SIZE = 4
"""The size of a page here, so that short histories have several."""

Rows = dict[int, Message]


@contextmanager
def small_pages() -> Iterator[None]:
    """Make pages small for a while."""
    size = message_page.PAGE_SIZE
    message_page.PAGE_SIZE = message_cache.PAGE_SIZE = SIZE  # type: ignore[misc, attr-defined]
    try:
        yield
    finally:
        message_page.PAGE_SIZE = message_cache.PAGE_SIZE = size  # type: ignore[misc, attr-defined]


class Change:
    """A change that was opened, and may be stored and told."""

    def __init__(self, event: str, message: Message) -> None:
        self.event = event
        self.message = message
        self.is_stored = False
        self.told = asyncio.Event()

    def apply(self, rows: Rows) -> None:
        """Make the change."""
        if self.event == MESSAGE_DELETE:
            del rows[self.message.id]
        else:
            rows[self.message.id] = self.message


class Channel:
    """A channel's door, rows and events: the store and the bus of the cache under test."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.told: Rows = {}
        self.door: list[Change] = []
        self.reads: list[asyncio.Event] = []
        self._listen: Callable[[Delivery], None] | None = None
        self._next_id = 1

    def subscribe(self, listener: Callable[[Delivery], None]) -> None:
        """See `Bus`."""
        self._listen = listener

    async def list_page(self, _: int, *, limit: int, after: int | None = None) -> list[Message]:
        """See `MessageStore`."""
        await self._pause()
        ids = sorted(message_id for message_id in self.rows if after is None or message_id > after)
        chosen = ids[-limit:] if after is None else ids[:limit]
        read = [self.rows[message_id] for message_id in reversed(chosen)]
        await self._pause()
        return read

    async def add(self, message: Message, _: object) -> AddedMessage:
        """See `MessageStore`."""
        change = self._open(MESSAGE_CREATE, message)
        await change.told.wait()
        return AddedMessage(message, is_new=True)

    def new_message(self) -> Message:
        """Make a message with the next id."""
        self._next_id += 1
        return Message(id=self._next_id, channel_id=CHANNEL, author_id=1)

    def send(self) -> None:
        """Let another process open a message."""
        self._open(MESSAGE_CREATE, self.new_message())

    def change(self, event: str, which: int) -> None:
        """Let somebody open the edit or deletion of a message that has no other change open."""
        busy = {change.message.id for change in self.door}
        free = [message for message in self.told.values() if message.id not in busy]
        if free:
            message = free[which % len(free)]
            self._open(event, msgspec.structs.replace(message, version=message.version + 1))

    def store(self, which: int) -> None:
        """Store a change that was opened."""
        waiting = [change for change in self.door if not change.is_stored]
        if waiting:
            change = waiting[which % len(waiting)]
            change.apply(self.rows)
            change.is_stored = True

    def tell(self) -> None:
        """Tell the first change, if it is stored."""
        if self.door and self.door[0].is_stored:
            change = self.door.pop(0)
            change.apply(self.told)
            envelope = Envelope(
                id=change.message.id if change.event == MESSAGE_CREATE else 1 << 40, event=change.event,
                audience=Audience.CHANNEL, payload=msgspec.Raw(b"{}"), channel_id=CHANNEL,
            )  # fmt: skip
            assert self._listen is not None
            self._listen(Delivery(1, 0, envelope))
            change.told.set()

    def go_on(self, which: int) -> None:
        """Let a read make its next step."""
        if self.reads:
            self.reads.pop(which % len(self.reads)).set()

    def _open(self, event: str, message: Message) -> Change:
        change = Change(event, message)
        self.door.append(change)
        return change

    async def _pause(self) -> None:
        step = asyncio.Event()
        self.reads.append(step)
        await step.wait()


class Reading:
    """A call of `page`, and what it must show at least."""

    def __init__(self, cache: MessageCache, channel: Channel) -> None:
        self._channel = channel
        self._told = dict(channel.told)
        self._opened = list(channel.door)
        self.task = asyncio.create_task(self._run(cache))

    async def _run(self, cache: MessageCache) -> None:
        self.check(await cache.page(CHANNEL))

    def check(self, page: Page) -> None:
        """Compare the page with what was told before the call, and with what was stored up to now."""
        shown = {message.id: message for message in page.messages}
        assert list(shown) == sorted(shown, reverse=True)
        oldest = 0 if page.is_whole else min(shown, default=1 << 60)
        for message_id, message in self._told.items():
            # What was deleted since may be gone already.
            if message_id >= oldest and message_id in self._channel.rows:
                assert message_id in shown
            if message_id in shown:
                assert shown[message_id].version >= message.version
        for message_id in shown:
            # Whatever was deleted before the call was told is not shown.
            assert message_id in self._told or message_id in self._channel.rows or self._was_open(message_id)

    def _was_open(self, message_id: int) -> bool:
        return message_id > max(self._told, default=0) or any(
            change.message.id == message_id for change in self._opened
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["send", "send whole", "add", "edit", "delete", "store", "tell", "tell all", "read", "read whole", "go on"]
        ),
        st.integers(0, 7),
    ),
    min_size=5,
    max_size=50,
)
"""Single steps, which come in any order, and whole ones, which get histories further."""


def do(step: str, which: int, channel: Channel, cache: MessageCache, tasks: list[asyncio.Task[Any]]) -> None:
    """Do one step of a history."""
    match step:
        case "send":
            channel.send()
        case "add":
            tasks.append(asyncio.create_task(cache.add(channel.new_message(), ())))
        case "edit":
            channel.change(MESSAGE_UPDATE, which)
        case "delete":
            channel.change(MESSAGE_DELETE, which)
        case "store":
            channel.store(which)
        case "tell":
            channel.tell()
        case "read":
            tasks.append(Reading(cache, channel).task)
        case "go on":
            channel.go_on(which)


async def do_whole(step: str, channel: Channel, cache: MessageCache, tasks: list[asyncio.Task[Any]]) -> None:
    """Do a step that is a sequence of others."""
    match step:
        case "send whole":
            channel.send()
            channel.store(len(channel.door) - 1)
            channel.tell()
        case "tell all":
            while channel.door:
                channel.store(0)
                channel.tell()
        case "read whole":
            tasks.append(Reading(cache, channel).task)
            await settle()
            while channel.reads:
                channel.go_on(0)
                await settle()


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def finish(channel: Channel, tasks: list[asyncio.Task[Any]]) -> None:
    """Let everything that is under way come to its end."""
    while channel.door or not all(task.done() for task in tasks):
        channel.store(0)
        channel.tell()
        channel.go_on(0)
        await settle()
    for task in tasks:
        task.result()


@settings(max_examples=150)
@given(steps=STEPS)
def test_page_shows_all_that_was_told_and_in_the_end_exactly_that(steps: list[tuple[str, int]]) -> None:
    async def run() -> None:
        channel: Any = Channel()
        cache = MessageCache(messages=channel, bus=channel)
        tasks: list[asyncio.Task[Any]] = []
        for step, which in steps:
            do(step, which, channel, cache, tasks)
            await do_whole(step, channel, cache, tasks)
            await settle()
        await finish(channel, tasks)
        for _ in range(2):
            last = Reading(cache, channel)
            await finish(channel, [last.task])
        page = await cache.page(CHANNEL)
        stored = [channel.rows[message_id] for message_id in sorted(channel.rows, reverse=True)]
        assert list(page.messages) == stored[: len(page.messages)]
        assert not page.is_whole or len(page.messages) == len(stored)

    with small_pages():
        asyncio.run(run())
