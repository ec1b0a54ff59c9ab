"""The list of chats: the caller's channels by their newest messages, each with what of it is unread.

The order needs the newest ids alone, which are in memory. Messages and places are read for the channels of the page.
What the caller has just written is read: its place is written before the list is made, if it is still on its way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import msgspec

from api.services.access import ChannelAccess, access_direct_channel
from api.services.caller import Caller
from api.services.channels.channel_objects import show_channel
from api.services.channels.last_messages import LastMessages
from api.services.entity_cache import EntityCache
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.reading.read_states import require_person
from core.domain.channels.channel import TEXT_LIKE, Channel
from core.domain.errors import MissingAccess, UnknownGuild
from core.domain.guilds.permissions import Permission
from core.domain.ids import MAX_SNOWFLAKE, snowflake_at
from core.domain.messages.read_state import ReadState
from core.store.interfaces import Store
from core.wire.objects.channels.channel import ChannelObject, DirectChannelObject, render_direct_channel
from core.wire.objects.channels.chat import ChatObject

DEFAULT_CHATS: Final = 25
MAX_CHATS: Final = 50
MOST_COUNTED: Final = 100
"""The unread messages that are counted in a channel: one page of its history."""

_encode: Final = msgspec.json.Encoder().encode

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)


class _Chat(msgspec.Struct, frozen=True):
    access: ChannelAccess
    newest_id: int
    state: ReadState


class ChatService:
    """Lists chats."""

    __slots__ = ("_entities", "_last_messages", "_renderer", "_settle_places", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        last_messages: LastMessages,
        renderer: MessageRenderer,
        settle_places: Callable[[Collection[int]], Awaitable[None]],
    ) -> None:
        """`settle_places` writes the places of these people that follow from their messages until now."""
        self._store = store
        self._entities = entities
        self._last_messages = last_messages
        self._renderer = renderer
        self._settle_places = settle_places

    async def list_page(self, caller: Caller, user_id: int, *, before: int | None, limit: int) -> list[ChatObject]:
        """Return the chats whose newest message is older than `before`, the newest first.

        Raises:
            WrongAccountKind. MissingAccess: for anybody else's chats.
        """
        require_person(caller)
        if user_id != caller.user_id:
            raise MissingAccess
        await self._settle_places([user_id])
        readable = {access.channel.id: access for access in await self._find_readable(user_id)}
        ends = await self._last_messages.find_ids(readable)
        bound = MAX_SNOWFLAKE if before is None else before
        chosen = sorted((end, channel_id) for channel_id, end in ends.items() if end < bound)[-limit:]
        asked = [channel_id for _, channel_id in chosen]
        states = {state.channel_id: state for state in await self._store.read_states.list_in(user_id, asked)}
        chats = [
            _Chat(readable[channel_id], end, states.get(channel_id, ReadState(channel_id=channel_id)))
            for end, channel_id in reversed(chosen)
        ]
        return list(await asyncio.gather(*(self._show(user_id, chat) for chat in chats)))

    async def _find_readable(self, user_id: int) -> list[ChannelAccess]:
        directs = await self._store.channels.list_direct(user_id)
        found = [access_direct_channel(user_id, channel) for channel in directs]
        for guild_id in await self._store.guilds.list_ids_of_user(user_id):
            try:
                guild = await self._entities.access(user_id, guild_id)
            except UnknownGuild:  # left or deleted since the list was read
                continue
            for channel in guild.entry.channels.values():
                if channel.type in TEXT_LIKE and guild.can_view(channel) and guild.reads(channel):
                    permissions = guild.in_channel(channel)
                    found.append(ChannelAccess(channel=channel, permissions=permissions, guild=guild))
        return found

    async def _show(self, user_id: int, chat: _Chat) -> ChatObject:
        channel, state = chat.access.channel, chat.state
        last_message, unread_count = None, 0
        if chat.access.has(_READ_HISTORY):
            last_message = await self._show_newest(channel)
            unread_count = await self._count_unread(user_id, chat)
        return ChatObject(
            channel=msgspec.Raw(_encode(await self._show_channel(user_id, channel, chat.newest_id))),
            last_message=last_message,
            last_read_id=str(state.last_read_id),
            unread_count=unread_count,
            mention_count=state.mention_count,
        )

    async def _show_channel(
        self, user_id: int, channel: Channel, newest_id: int
    ) -> ChannelObject | DirectChannelObject:
        if channel.guild_id:
            return show_channel(channel, newest_id)
        others = await self._entities.users(each for each in channel.recipient_ids if each != user_id)
        shown = msgspec.structs.replace(channel, last_message_id=newest_id)
        return render_direct_channel(shown, list(others.values()))

    async def _show_newest(self, channel: Channel) -> msgspec.Raw | None:
        """Return the newest message that still exists. The newest id stays when its message is deleted."""
        page = await self._store.messages.list_page(channel.id, limit=1)
        return msgspec.Raw(self._renderer.encode_shown(await self._renderer.resolve(page[0]))) if page else None

    async def _count_unread(self, user_id: int, chat: _Chat) -> int:
        after = chat.state.last_read_id
        if not after and chat.access.guild is not None:
            after = snowflake_at(chat.access.guild.member.joined_ms)
        if chat.newest_id <= after:
            return 0
        page = await self._store.messages.list_page(chat.access.channel.id, after=after, limit=MOST_COUNTED)
        return sum(message.author_id != user_id for message in page)
