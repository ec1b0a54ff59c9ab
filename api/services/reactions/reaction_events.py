"""The events of reactions: in a guild one for the channel, in direct messages one for each recipient."""

from collections.abc import Sequence

from msgspec import UNSET

from api.services.entity_cache import EntityCache
from api.services.messages.message_events import for_channel
from api.services.messages.pages.message_cache import MessageCache
from core.domain.channels.channel import Channel
from core.domain.errors import UnknownChannel
from core.domain.events import (
    MESSAGE_REACTION_ADD,
    MESSAGE_REACTION_REMOVE,
    MESSAGE_REACTION_REMOVE_ALL,
    MESSAGE_REACTION_REMOVE_EMOJI,
)
from core.domain.guilds.member import Member
from core.domain.messages.reaction import Reaction
from core.wire.envelope import Envelope
from core.wire.objects.guilds.member import render_member
from core.wire.objects.messages.reaction import ReactionEmojiObject, ReactionsRemoved, render_reaction_event


def reaction_added(
    envelope_id: int, channel: Channel, reaction: Reaction, *, member: Member | None, author_id: int | None
) -> list[Envelope]:
    """Make MESSAGE_REACTION_ADD. `member` is the membership of who reacts, `author_id` the message's author."""
    body = render_reaction_event(reaction, channel.guild_id)
    if member is not None:
        body.member = render_member(member)
        body.member.id = str(member.user.id)  # some clients of people look for it there
        body.member.id = str(member.user.id)
    if author_id is not None:
        body.message_author_id = str(author_id)
    if reaction.is_burst:
        body.burst_colors = []
    return for_channel(envelope_id, MESSAGE_REACTION_ADD, channel, body, user_id=reaction.user_id)


def reaction_removed(envelope_id: int, channel: Channel, reaction: Reaction) -> list[Envelope]:
    """Make MESSAGE_REACTION_REMOVE."""
    body = render_reaction_event(reaction, channel.guild_id)
    return for_channel(envelope_id, MESSAGE_REACTION_REMOVE, channel, body, user_id=reaction.user_id)


def reactions_removed(envelope_id: int, channel: Channel, message_id: int, emoji: str | None) -> list[Envelope]:
    """Make MESSAGE_REACTION_REMOVE_EMOJI, or MESSAGE_REACTION_REMOVE_ALL without an emoji."""
    body = ReactionsRemoved(
        channel_id=str(channel.id),
        message_id=str(message_id),
        guild_id=str(channel.guild_id) if channel.guild_id else UNSET,
        emoji=UNSET if emoji is None else ReactionEmojiObject(name=emoji),
    )
    event = MESSAGE_REACTION_REMOVE_ALL if emoji is None else MESSAGE_REACTION_REMOVE_EMOJI
    return for_channel(envelope_id, event, channel, body)


class StoredReactionEvents:
    """Makes events for who ends what a process that died has begun. Of a channel that is deleted it makes none."""

    __slots__ = ("_entities", "_messages")

    def __init__(self, *, entities: EntityCache, messages: MessageCache) -> None:
        self._entities = entities
        self._messages = messages

    async def added(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make MESSAGE_REACTION_ADD."""
        channel = await self._find_channel(reaction.channel_id)
        if channel is None:
            return ()
        message = await self._messages.find(channel.id, reaction.message_id)
        member = await self._entities.member(channel.guild_id, reaction.user_id) if channel.guild_id else None
        author_id = None if message is None else message.author_id
        return reaction_added(event_id, channel, reaction, member=member, author_id=author_id)

    async def removed(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make MESSAGE_REACTION_REMOVE."""
        channel = await self._find_channel(reaction.channel_id)
        return () if channel is None else reaction_removed(event_id, channel, reaction)

    async def all_removed(
        self, event_id: int, channel_id: int, message_id: int, emoji: str | None
    ) -> Sequence[Envelope]:
        """Make MESSAGE_REACTION_REMOVE_EMOJI or MESSAGE_REACTION_REMOVE_ALL."""
        channel = await self._find_channel(channel_id)
        return () if channel is None else reactions_removed(event_id, channel, message_id, emoji)

    async def _find_channel(self, channel_id: int) -> Channel | None:
        try:
            return await self._entities.channel(channel_id)
        except UnknownChannel:
            return None
