"""The newest messages of channels that are being read, kept in memory.

A channel costs the store one read, however many readers ask at once, and none while it is read and written. A page is
kept exact by the channel's own events and by nothing else:

    MESSAGE_CREATE of a message that went through `add` here -> the message is put in front
    any other event about the channel's messages             -> the page is dropped

Both disown a load in flight. Events reach the listener before the writer's caller goes on, so a caller finds what it
has written. Edits and deletions go to the store directly; their events arrive here.

A page also keeps what its readers have made of its messages: their JSON, and the messages that replies answer. Both are
as fresh as the page, and the JSON counts only together with the author that it shows. Everything is bounded in bytes:
with embeds a message may take half a MiB.
"""

from collections.abc import Mapping, Sequence
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
MAX_MESSAGE_BYTES: Final = 256 * 1024
"""The bound of a page's messages: a hundred of 2,000 ASCII characters. Larger ones leave fewer on the page."""
MAX_DERIVED_BYTES: Final = 256 * 1024
"""The bound of what readers have made of them. All pages take 128 MiB at most, and 25 MiB with ordinary messages."""

_FIXED_BYTES: Final = 512
"""A message's Struct and its numbers."""
_ID_BYTES: Final = 44
"""An id in a tuple."""
_ENTRY_BYTES: Final = 160
"""The overhead of kept JSON: the headers of its bytes and its tuple, and a place in a dict."""
_WIDE_BYTES: Final = 8
"""A character of a text that is not ASCII: at most 4 bytes, and 4 of the UTF-8 that Python keeps beside it."""

_EVENTS: Final = frozenset({MESSAGE_CREATE, MESSAGE_UPDATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK})


def estimate_bytes(message: Message | None) -> int:
    """Return about how much memory a message takes."""
    if message is None:
        return _ID_BYTES
    content_bytes = len(message.content) * (1 if message.content.isascii() else _WIDE_BYTES)
    ids = len(message.mention_ids) + len(message.mention_role_ids)
    return _FIXED_BYTES + content_bytes + len(message.embeds) + _ID_BYTES * ids


class Page:
    """A channel's newest messages, newest first. Only `MessageCache` changes which they are."""

    __slots__ = ("_encoded", "_free_derived", "_free_messages", "_replied", "is_whole", "messages", "newest_id")

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages: tuple[Message, ...] = tuple(messages)
        self.newest_id = messages[0].id if messages else 0
        """The newest message of the channel, also when it is too large for the page."""
        self.is_whole = len(messages) < PAGE_SIZE
        """True when the channel has no more messages than these."""
        self._encoded: dict[int, tuple[User, bytes]] = {}
        """The JSON of a message and the author that stands in it, keyed by message id."""
        self._replied: dict[int, Message | None] = {}
        """The messages that replies of the page answer, keyed by id; None for a deleted one."""
        self._free_derived = MAX_DERIVED_BYTES
        self._free_messages = MAX_MESSAGE_BYTES - sum(map(estimate_bytes, messages))
        self._trim()

    @property
    def replied(self) -> Mapping[int, Message | None]:
        """The answered messages that readers have looked up."""
        return self._replied

    def find_slice(self, *, before: int | None, after: int | None, limit: int) -> tuple[Message, ...] | None:
        """Return what a history request asks for, newest first, or None when the page does not reach that far."""
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
        """Return the message's JSON, if it was encoded with this author."""
        known = self._encoded.get(message.id)
        return known[1] if known is not None and known[0] is author else None

    def keep_encoded(self, resolved: ResolvedMessage, encoded: bytes) -> None:
        """Keep the JSON of a message that shows nobody but its author, if it is still on the page and there is room."""
        message = resolved.message
        if message.reference_id is not None or message.mention_ids or not self._holds(message):
            return
        self._forget_encoded(message.id)
        size_bytes = _ENTRY_BYTES + len(encoded)
        if size_bytes <= self._free_derived:
            self._encoded[message.id] = (resolved.author, encoded)
            self._free_derived -= size_bytes

    def keep_replied(self, reply: Message, answered: Message | None) -> None:
        """Keep the message that a reply answers, if the reply is still on the page and there is room."""
        target_id = reply.reference_id
        size_bytes = estimate_bytes(answered)
        if target_id is None or target_id in self._replied or not self._holds(reply) or size_bytes > self._free_derived:
            return
        self._replied[target_id] = answered
        self._free_derived -= size_bytes

    def push(self, message: Message) -> None:
        """Put a newer message in front."""
        self.newest_id = message.id
        self.messages = (message, *self.messages)
        self._free_messages -= estimate_bytes(message)
        self._trim()

    def _holds(self, message: Message) -> bool:
        """Tell whether a message that was on the page has not left it since: the oldest leave first."""
        return bool(self.messages) and message.id >= self.messages[-1].id

    def _trim(self) -> None:
        kept = len(self.messages)
        while kept > PAGE_SIZE or self._free_messages < 0:
            kept -= 1
            self._forget(self.messages[kept])
        if kept < len(self.messages):
            self.messages = self.messages[:kept]
            self.is_whole = False

    def _forget(self, left_out: Message) -> None:
        self._free_messages += estimate_bytes(left_out)
        self._forget_encoded(left_out.id)
        if left_out.reference_id in self._replied:
            self._free_derived += estimate_bytes(self._replied.pop(left_out.reference_id))

    def _forget_encoded(self, message_id: int) -> None:
        known = self._encoded.pop(message_id, None)
        if known is not None:
            self._free_derived += _ENTRY_BYTES + len(known[1])


class MessageCache:
    """Reads messages as `MessageStore` does, the newest of each channel from memory."""

    __slots__ = ("_adding", "_messages", "_pages")

    def __init__(self, *, messages: MessageStore, bus: Bus) -> None:
        self._messages = messages
        self._pages: SingleFlight[int, Page] = SingleFlight(self._load, capacity=MAX_PAGES)
        self._adding: dict[int, Message] = {}
        """The messages that are on their way into the store, keyed by id."""
        bus.subscribe(self._on_delivery)

    async def page(self, channel_id: int) -> Page:
        """Return the channel's newest messages."""
        return await self._pages.get(channel_id)

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
        return Page(await self._messages.list_page(channel_id, limit=PAGE_SIZE))

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
        if message_id > page.newest_id and (message := self._adding.get(message_id)) is not None:
            page.push(message)
        elif not any(message.id == message_id for message in page.messages):
            self._pages.drop(channel_id)
