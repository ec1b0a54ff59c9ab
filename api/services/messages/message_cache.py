"""The newest messages of channels that are being read, kept in memory.

However many readers ask at once, a channel costs the store one read; while it is being read and written, none. A page is
kept exact by the channel's own events and by nothing else:

    MESSAGE_CREATE of a message that went through `add` here -> put in front
    any other event about the channel's messages             -> the page is dropped

Both disown a load that is under way. Events reach the listener before the writer's caller goes on, so who was answered finds
what he wrote. Edits and deletions go to the store directly; their events arrive here.
"""

from collections.abc import Sequence
from typing import Final

from api.services.single_flight import SingleFlight
from core.bus.interfaces import Bus, Delivery
from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK, MESSAGE_UPDATE
from core.domain.message import AddedMessage, Message, ResolvedMessage
from core.domain.user import User
from core.store.aggregates.messages import MessageStore
from core.wire.envelope import Envelope

PAGE_SIZE: Final = 100
"""The longest history request."""
MAX_PAGES: Final = 256
"""About 40 MiB of ordinary messages with their JSON."""

_EVENTS: Final = frozenset({MESSAGE_CREATE, MESSAGE_UPDATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK})


class Page:
    """A channel's newest messages, newest first. Only `MessageCache` changes which they are."""

    __slots__ = ("_encoded", "is_whole", "messages", "referenced")

    def __init__(self, messages: tuple[Message, ...]) -> None:
        self.messages = messages
        self.is_whole = len(messages) < PAGE_SIZE
        """Whether the channel has no more than these."""
        self.referenced: dict[int, Message | None] = {}
        """Replied-to messages that readers of the page have looked up; as fresh as the page."""
        self._encoded: dict[int, tuple[User, bytes]] = {}
        """By id of a message, its JSON and the author that stands in it, from readers of the page."""

    def find_slice(self, *, before: int | None, after: int | None, limit: int) -> tuple[Message, ...] | None:
        """What a history request asks for, newest first, or None when the page does not reach that far."""
        messages = self.messages
        if after is not None:
            if not self.is_whole and (not messages or after < messages[-1].id):
                return None
            above = tuple(message for message in messages if message.id > after)
            return above[-limit:]
        if before is not None:
            messages = tuple(message for message in messages if message.id < before)
        return messages[:limit] if self.is_whole or len(messages) >= limit else None

    def find_encoded(self, message: Message, author: User | None) -> bytes | None:
        """The message's JSON, if it was encoded with this author."""
        known = self._encoded.get(message.id)
        return known[1] if known is not None and known[0] is author else None

    def keep_encoded(self, resolved: ResolvedMessage, encoded: bytes) -> None:
        """Keep the JSON of a message that shows nobody but its author."""
        message = resolved.message
        is_plain = message.reference_id is None and not message.mention_ids
        if is_plain and len(self._encoded) < PAGE_SIZE:
            self._encoded[message.id] = (resolved.author, encoded)

    def push(self, message: Message) -> None:
        """Put a newer message in front."""
        messages = (message, *self.messages)
        self.is_whole = self.is_whole and len(messages) <= PAGE_SIZE
        self.messages = messages[:PAGE_SIZE]
        for left_out in messages[PAGE_SIZE:]:
            self._encoded.pop(left_out.id, None)


class MessageCache:
    """Messages as `MessageStore` has them, the newest of each channel from memory."""

    __slots__ = ("_adding", "_messages", "_pages")

    def __init__(self, *, messages: MessageStore, bus: Bus) -> None:
        self._messages = messages
        self._pages: SingleFlight[int, Page] = SingleFlight(self._load, capacity=MAX_PAGES)
        self._adding: dict[int, Message] = {}
        """What is on its way into the store."""
        bus.subscribe(self._on_delivery)

    async def page(self, channel_id: int) -> Page:
        """The channel's newest messages."""
        return await self._pages.get(channel_id)

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        """One message. Does not load a page for it."""
        page = self._pages.find_cached(channel_id)
        if page is not None:
            for message in page.messages:
                if message.id == message_id:
                    return message
        return await self._messages.find(channel_id, message_id)

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """As `MessageStore.add`: the place in the order is taken before the first await."""
        self._adding[message.id] = message
        try:
            return await self._messages.add(message, envelopes)
        finally:
            del self._adding[message.id]

    async def _load(self, channel_id: int) -> Page:
        return Page(tuple(await self._messages.list_page(channel_id, limit=PAGE_SIZE)))

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event not in _EVENTS:
            return
        channel_id = envelope.channel_id
        page = self._pages.find_cached(channel_id)
        if page is None:
            self._pages.disown(channel_id)
        elif envelope.event == MESSAGE_CREATE:
            self._on_created(channel_id, page, envelope.id)
        else:
            self._pages.drop(channel_id)

    def _on_created(self, channel_id: int, page: Page, message_id: int) -> None:
        newest_id = page.messages[0].id if page.messages else 0
        if message_id > newest_id and (message := self._adding.get(message_id)) is not None:
            page.push(message)
        elif not any(message.id == message_id for message in page.messages):
            self._pages.drop(channel_id)
