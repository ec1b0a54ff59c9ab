"""Reactions: who may react, and who may take reactions away.

Whoever reads a message's history may join a reaction that is there. To begin one takes ADD_REACTIONS, which the store
checks in the step that counts it. A member in a timeout does not react. Others' reactions are removed by managers of
messages, in guilds alone.

Rights are confirmed right before a change (`api.services.messages.fresh_rights`).

An event shows the emoji in the form in which the message shows it already, if it has it.
"""

from typing import Final

from api.services.access import ChannelAccess
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.fresh_rights import claim_of, on_fresh_rights
from api.services.messages.pages.message_cache import MessageCache
from api.services.reactions.reaction_events import reaction_added, reaction_removed, reactions_removed
from api.services.relationships.acquaintances import FRIENDS
from api.services.relationships.relationship_cache import RelationshipCache
from core.domain.errors import DirectChannelAction, Forbidden, ReactionBlocked, UnknownMessage
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import Message
from core.domain.messages.reaction import Reaction, find_count, key_of, parse_emoji
from core.door.interfaces import Door
from core.store.aggregates.messages.reactions import ReactionStore
from core.wire.objects.people.user import UserObject, render_user

DEFAULT_LIMIT: Final = 25
MAX_LIMIT: Final = 100

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)
_ADD: Final = int(Permission.ADD_REACTIONS)
_ADMINISTRATOR: Final = int(Permission.ADMINISTRATOR)
_MANAGE: Final = int(Permission.MANAGE_MESSAGES)


class ReactionService:
    """Adds, removes and lists reactions.

    All methods raise UnknownChannel, MissingAccess and WrongChannelType; UnknownEmoji for what is no emoji; and
    UnknownMessage.
    """

    __slots__ = ("_directs", "_door", "_entities", "_ids", "_messages", "_reactions", "_relationships")

    def __init__(
        self,
        *,
        entities: EntityCache,
        directs: DirectSends,
        relationships: RelationshipCache,
        messages: MessageCache,
        reactions: ReactionStore,
        door: Door,
        ids: IdSource,
    ) -> None:
        self._entities = entities
        self._directs = directs
        self._relationships = relationships
        self._messages = messages
        self._reactions = reactions
        self._door = door
        self._ids = ids

    @on_fresh_rights
    async def add(self, user_id: int, channel_id: int, message_id: int, emoji: str, *, is_burst: bool = False) -> None:
        """React. A reaction that is there already is left as it is.

        Raises:
            NotVerified. Forbidden: without the right to read the history; or to add reactions, for the first one of an
                emoji; or in a timeout. ReactionBlocked: when the message's author blocks the user.
            CannotSendToUser: in a direct channel with somebody to whom one may not write.
            TooManyReactions: for one emoji too many.
        """
        mark = self._door.mark()
        access = await self._access(user_id, channel_id)
        access.require_to_write(_READ_HISTORY)
        if access.guild is not None and access.guild.timed_out and not access.guild.has(_ADMINISTRATOR):
            raise Forbidden
        emoji = parse_emoji(emoji)
        message = await self._fetch(channel_id, message_id)
        if await self._relationships.has_blocked(message.author_id, user_id):
            raise ReactionBlocked
        tie = FRIENDS if access.guild is not None else await self._directs.require_write(user_id, access.channel)
        change_id = self._ids.next()
        reaction = Reaction(
            channel_id=channel_id,
            message_id=message_id,
            emoji=await self._find_form(channel_id, message_id, emoji),
            user_id=user_id,
            is_burst=is_burst,
            id=change_id,
        )
        member = None if access.guild is None else access.guild.member
        events = reaction_added(change_id, access.channel, reaction, member=member, author_id=message.author_id)
        await self._door.confirm(claim_of(access, user_id, mark, shared_guild_id=tie, author_id=message.author_id))
        await self._reactions.add(reaction, events, may_begin=access.has(_ADD))

    @on_fresh_rights
    async def remove(
        self,
        user_id: int,
        channel_id: int,
        message_id: int,
        emoji: str,
        *,
        whose: int | None = None,
        is_burst: bool = False,
    ) -> None:
        """Remove one's own reaction, or that of `whose` with MANAGE_MESSAGES. One that is not there stays so.

        Raises:
            DirectChannelAction, Forbidden: for another's.
        """
        mark = self._door.mark()
        access = await self._access(user_id, channel_id)
        if whose not in (None, user_id):
            _require_manager(access)
        emoji = parse_emoji(emoji)
        await self._fetch(channel_id, message_id)
        reaction = Reaction(
            channel_id=channel_id,
            message_id=message_id,
            emoji=await self._find_form(channel_id, message_id, emoji),
            user_id=user_id if whose is None else whose,
            is_burst=is_burst,
        )
        await self._door.confirm(claim_of(access, user_id, mark))
        await self._reactions.remove(reaction, reaction_removed(self._ids.next(), access.channel, reaction))

    @on_fresh_rights
    async def remove_all(self, user_id: int, channel_id: int, message_id: int, emoji: str | None = None) -> None:
        """Remove all reactions with an emoji, or all. Raises DirectChannelAction, Forbidden."""
        mark = self._door.mark()
        access = await self._access(user_id, channel_id)
        _require_manager(access)
        shown = None if emoji is None else parse_emoji(emoji)
        await self._fetch(channel_id, message_id)
        if shown is not None:
            shown = await self._find_form(channel_id, message_id, shown)
        events = reactions_removed(self._ids.next(), access.channel, message_id, shown)
        await self._door.confirm(claim_of(access, user_id, mark))
        await self._reactions.remove_all(channel_id, message_id, None if shown is None else key_of(shown), events)

    async def list_users(
        self,
        user_id: int,
        channel_id: int,
        message_id: int,
        emoji: str,
        *,
        is_burst: bool = False,
        after: int = 0,
        limit: int = DEFAULT_LIMIT,
    ) -> list[UserObject]:
        """Return users who have reacted, by ascending id. Raises Forbidden without the right to read the history."""
        access = await self._access(user_id, channel_id)
        access.require(_READ_HISTORY)
        key = key_of(parse_emoji(emoji))
        await self._fetch(channel_id, message_id)
        user_ids = await self._reactions.list_user_ids(
            channel_id, message_id, key, is_burst=is_burst, after=after, limit=limit
        )
        users = await self._entities.users(user_ids)
        return [render_user(users[each]) for each in user_ids if each in users]

    async def _access(self, user_id: int, channel_id: int) -> ChannelAccess:
        access = await self._entities.text_access(user_id, channel_id)
        access.require_messages()
        return access

    async def _fetch(self, channel_id: int, message_id: int) -> Message:
        message = await self._messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        return message

    async def _find_form(self, channel_id: int, message_id: int, emoji: str) -> str:
        """Return the emoji as the message shows it, or as it was given."""
        counts = (await self._reactions.count(channel_id, [message_id])).get(message_id, ())
        shown = find_count(counts, key_of(emoji))
        return emoji if shown is None else shown.emoji


def _require_manager(access: ChannelAccess) -> None:
    if access.guild is None:
        raise DirectChannelAction
    access.require(_MANAGE)
