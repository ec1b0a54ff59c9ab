"""The inbox of mentions: the newest messages that mention the caller, of what the caller may still read."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.reading.read_states import require_person
from core.domain.errors import MissingAccess, UnknownChannel
from core.domain.events import RECENT_MENTION_DELETE
from core.domain.guilds.permissions import Permission
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.messages.message import Message
from core.domain.messages.read_state import Mention, MentionPage
from core.store.interfaces import Store
from core.wire.objects.channels.read_state import RecentMentionDelete

DEFAULT_LIMIT: Final = 25
MAX_LIMIT: Final = 100

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)
_MAX_READS: Final = 8
"""The pages that one request reads when most of what they hold is hidden from the caller by now. A page costs two looks
for each channel in which a target of the caller is mentioned, and (limit + 1)² rows at most."""


class InboxQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The part of the inbox that is asked for."""

    before: int | None = None
    limit: int = DEFAULT_LIMIT
    guild_id: int | None = None
    roles: bool = True
    everyone: bool = True


class MentionInboxService:
    """Shows mentions, and forgets single ones."""

    __slots__ = ("_entities", "_ids", "_renderer", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, renderer: MessageRenderer, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._renderer = renderer
        self._ids = ids

    async def list_page(self, caller: Caller, query: InboxQuery) -> bytes:
        """Return a JSON list of messages, newest first. Raises WrongAccountKind."""
        require_person(caller)
        found: list[Message] = []
        before = MAX_SNOWFLAKE if query.before is None else query.before
        for _ in range(_MAX_READS):
            page = await self._read(caller.user_id, query, before)
            found += await self._find_readable(caller.user_id, page.mentions)
            before = page.next_before
            if not before or len(found) >= query.limit:
                break
        return self._renderer.encode_list(await self._renderer.resolve_all(found[: query.limit]))

    async def dismiss(self, caller: Caller, message_id: int) -> None:
        """Take a message out of the inbox. No error when it is not there. Raises WrongAccountKind."""
        require_person(caller)
        query = InboxQuery(limit=1)
        page = await self._read(caller.user_id, query, min(message_id + 1, MAX_SNOWFLAKE))
        if not page.mentions or page.mentions[0].message_id != message_id:
            return
        async with self._store.write(users=[caller.user_id]) as tx:
            if await tx.read_states.dismiss(caller.user_id, message_id):
                payload = RecentMentionDelete(message_id=str(message_id))
                tx.announce(user_event(self._ids.next(), RECENT_MENTION_DELETE, caller.user_id, payload))

    async def _read(self, user_id: int, query: InboxQuery, before: int) -> MentionPage:
        return await self._store.read_states.list_mentions(
            user_id,
            before=before,
            limit=query.limit,
            guild_id=query.guild_id or 0,
            roles=query.roles,
            everyone=query.everyone,
        )

    async def _find_readable(self, user_id: int, page: Sequence[Mention]) -> list[Message]:
        """Return the messages that still exist and that the user may read now."""
        readable = {each for each in {one.channel_id for one in page} if await self._may_read(user_id, each)}
        wanted = [one for one in page if one.channel_id in readable]
        found = await asyncio.gather(*(self._store.messages.find(one.channel_id, one.message_id) for one in wanted))
        return [message for message in found if message is not None]

    async def _may_read(self, user_id: int, channel_id: int) -> bool:
        try:
            return (await self._entities.text_access(user_id, channel_id)).has(_READ_HISTORY)
        except (UnknownChannel, MissingAccess):
            return False
