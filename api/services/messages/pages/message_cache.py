"""The newest messages of channels that are being read, kept in memory.

A channel costs the store one read, however many readers ask at once, and none while it is read and written by this
process. A page is kept exact by the channel's own events and by nothing else:

    MESSAGE_CREATE of a message that went through `add` here -> the message is put in front
    MESSAGE_CREATE of another one, such as another process's -> the page is behind
    any event about reactions                                -> what the page has of that message's is forgotten
    any other event about the channel's messages             -> the page is dropped, and a load in flight disowned

The next reader of a page that is behind reads what is newer, and the page has all again. Messages are told in the order
of their ids and stored in any order, so a read may show a message before one that comes earlier. Of what is newer, a
page takes what was told; and nothing from a message on that was told and not read, as it was stored too late for that.

Events reach the listener before the writer's caller goes on, so a caller finds what it has written. Edits and deletions
go to the store directly; their events arrive here.

A page also keeps what its readers have made of its messages (message_page.py).
"""

from collections.abc import Sequence
from typing import Final

from api.services.messages.pages.message_page import PAGE_SIZE, Page
from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import (
    MESSAGE_CREATE,
    MESSAGE_DELETE,
    MESSAGE_DELETE_BULK,
    MESSAGE_REACTION_ADD,
    MESSAGE_REACTION_REMOVE,
    MESSAGE_REACTION_REMOVE_ALL,
    MESSAGE_REACTION_REMOVE_EMOJI,
    MESSAGE_UPDATE,
)
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.messages.message import AddedMessage, Message
from core.store.aggregates.messages.messages import MessageStore
from core.wire.envelope import Envelope
from core.wire.objects.messages.reaction import find_reacted

MAX_PAGES: Final = 256

_REACTIONS: Final = frozenset(
    {MESSAGE_REACTION_ADD, MESSAGE_REACTION_REMOVE, MESSAGE_REACTION_REMOVE_ALL, MESSAGE_REACTION_REMOVE_EMOJI}
)
_EVENTS: Final = frozenset({MESSAGE_CREATE, MESSAGE_UPDATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK}) | _REACTIONS


class _Load:
    """A read of a channel that is under way, and the messages that were told meanwhile."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: list[int] = []

    @property
    def newest_told(self) -> int:
        """The newest message that was told since the load began, or 0."""
        return max(self.told, default=0)

    def find_gap(self, read: Sequence[Message], above: int) -> int:
        """Return the first message above a bound that was told and not read: the read came before it was stored."""
        ids = {message.id for message in read}
        return min((told for told in self.told if told > above and told not in ids), default=MAX_SNOWFLAKE)


class MessageCache:
    """Reads messages as `MessageStore` does, the newest of each channel from memory."""

    __slots__ = ("_adding", "_loads", "_messages", "_pages")

    def __init__(self, *, messages: MessageStore, bus: Bus) -> None:
        self._messages = messages
        self._pages: SingleFlight[int, Page] = SingleFlight(self._load, capacity=MAX_PAGES)
        self._loads: dict[int, _Load] = {}
        """The loads under way whose results are good, keyed by channel id."""
        self._adding: dict[int, Message] = {}
        """The messages that are on their way into the store, keyed by id."""
        bus.subscribe(self._on_delivery)

    async def page(self, channel_id: int) -> Page:
        """Return the channel's newest messages, with all that were told before this call."""
        page = self._pages.find_cached(channel_id)
        if page is not None and not page.is_behind:
            return page
        load = self._loads.get(channel_id)
        wanted = max(0 if page is None else page.told_id, 0 if load is None else load.newest_told)
        page = await self._pages.renew(channel_id)
        if page.complete_to < wanted:
            # The load had begun before the newest message was told. One that begins now has not.
            page = await self._pages.renew(channel_id)
        return page

    def forget_all(self) -> None:
        """Drop all pages, and disown the loads under way."""
        self._pages.clear()
        self._loads.clear()

    def find_on_page(self, channel_id: int, message_id: int) -> tuple[Message, Page] | None:
        """Return one message and the page that holds it, or None. No page is loaded for it."""
        page = self._pages.find_cached(channel_id)
        if page is not None:
            for message in page.messages:
                if message.id == message_id:
                    return message, page
        return None

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        """Return one message, or None. No page is loaded for it."""
        found = self.find_on_page(channel_id, message_id)
        return await self._messages.find(channel_id, message_id) if found is None else found[0]

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Add as `MessageStore.add` does: the message takes its place in the order before the first await."""
        self._adding[message.id] = message
        try:
            return await self._messages.add(message, envelopes)
        finally:
            del self._adding[message.id]

    async def _load(self, channel_id: int) -> Page:
        """Return the cached page, made whole, or a new one."""
        load = self._loads[channel_id] = _Load()
        page = self._pages.find_cached(channel_id)
        try:
            if page is not None and await self._catch_up(channel_id, page, load):
                return page
            read = await self._messages.list_page(channel_id, limit=PAGE_SIZE)
        finally:
            if self._loads.get(channel_id) is load:
                del self._loads[channel_id]
        page = Page(read, before=load.find_gap(read, read[-1].id if len(read) == PAGE_SIZE else 0))
        page.told_id = load.newest_told
        return page

    async def _catch_up(self, channel_id: int, page: Page, load: _Load) -> bool:
        """Put in front of the page what is newer. Tell whether that was possible: not when it is a whole page."""
        told_before = page.told_id
        read = await self._messages.list_page(channel_id, after=page.complete_to, limit=PAGE_SIZE)
        if len(read) == PAGE_SIZE:
            return False
        gap = load.find_gap(read, page.complete_to)
        up_to = max(told_before, max((told for told in load.told if told < gap), default=0))
        for message in reversed(read):
            if message.id <= up_to:
                page.push(message)
        page.complete_to = up_to
        return True

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event not in _EVENTS:
            return
        channel_id = envelope.channel_id
        if envelope.event == MESSAGE_CREATE:
            self._on_created(channel_id, envelope.id)
        elif envelope.event in _REACTIONS:
            page = self._pages.find_cached(channel_id)
            if page is not None:
                page.forget_counts(find_reacted(envelope.payload))
        else:
            self._loads.pop(channel_id, None)
            self._pages.drop(channel_id)

    def _on_created(self, channel_id: int, message_id: int) -> None:
        load = self._loads.get(channel_id)
        if load is not None:
            load.told.append(message_id)
        page = self._pages.find_cached(channel_id)
        if page is None:
            return
        if message_id > page.complete_to:
            message = None if page.is_behind else self._adding.get(message_id)
            if message is not None:
                page.push(message, is_sent_now=True)
            else:
                page.told_id = max(page.told_id, message_id)
        elif message_id != page.complete_to and not any(message.id == message_id for message in page.messages):
            self._loads.pop(channel_id, None)
            self._pages.drop(channel_id)
