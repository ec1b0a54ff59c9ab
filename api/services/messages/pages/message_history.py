"""The reading of a channel's messages."""

from collections.abc import Sequence
from typing import Final

import msgspec

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_page import Page
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.pages.reader_parts import ReaderParts
from core.domain.channels.channel import Channel
from core.domain.errors import UnknownMessage
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import Message
from core.store.aggregates.messages.messages import MessageStore

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)


class PageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The bounds of a page. Of several, `around` wins over `before`, and `before` over `after`."""

    around: int | None = None
    before: int | None = None
    after: int | None = None
    limit: int = DEFAULT_LIMIT


class MessageHistoryService:
    """Shows messages to callers who may read them."""

    __slots__ = ("_cache", "_entities", "_messages", "_parts", "_renderer")

    def __init__(
        self,
        *,
        entities: EntityCache,
        messages: MessageStore,
        cache: MessageCache,
        renderer: MessageRenderer,
        parts: ReaderParts,
    ) -> None:
        self._entities = entities
        self._messages = messages
        self._cache = cache
        self._renderer = renderer
        self._parts = parts

    async def list_page(self, caller: Caller, channel_id: int, query: PageQuery) -> bytes:
        """Return a JSON list, newest first. It is empty for a caller who may view the channel but not read its history.

        Raises:
            UnknownChannel, MissingAccess. WrongChannelType: for categories and forums.
        """
        access = await self._entities.text_access(caller.user_id, channel_id)
        access.require_messages()
        if not access.has(_READ_HISTORY):
            return b"[]"
        if query.around is not None:
            around = await self._messages.list_page(channel_id, around=query.around, limit=query.limit)
            return await self._encode(caller, access.channel, around)
        page = await self._cache.page(channel_id)
        after = query.after if query.before is None else None
        found = page.find_slice(before=query.before, after=after, limit=query.limit)
        if found is not None:
            return await self._encode(caller, access.channel, found, page)
        older: list[Message] = await self._messages.list_page(
            channel_id, before=query.before, after=after, limit=query.limit
        )
        return await self._encode(caller, access.channel, older)

    async def fetch(self, caller: Caller, channel_id: int, message_id: int) -> bytes:
        """Return one message. Raises as `list_page`; UnknownMessage; Forbidden without the right to read history."""
        access = await self._entities.text_access(caller.user_id, channel_id)
        access.require(_READ_HISTORY)
        found = self._cache.find_on_page(channel_id, message_id)
        if found is not None:
            encoded = await self._renderer.encode_one(*found)
            return await self._parts.show_one(caller, access.channel, message_id, encoded, found[1])
        message = await self._messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        encoded = self._renderer.encode_shown(await self._renderer.resolve(message))
        return await self._parts.show_one(caller, access.channel, message_id, encoded)

    async def _encode(
        self, caller: Caller, channel: Channel, messages: Sequence[Message], page: Page | None = None
    ) -> bytes:
        if page is not None:
            encoded = await self._renderer.encode_page(messages, page)
        else:
            encoded = [self._renderer.encode_shown(resolved) for resolved in await self._renderer.resolve_all(messages)]
        ids = [message.id for message in messages]
        return b"[%b]" % b",".join(await self._parts.show(caller, channel, ids, encoded, page))
