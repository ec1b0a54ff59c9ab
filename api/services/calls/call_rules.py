"""Who may call whom: recipients of a private channel, who may write there, and no bots.

In a direct channel both may write to each other. In a group everybody may, but nobody is rung by somebody whom it
blocks, or who blocks it.
"""

from collections.abc import Collection

from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.relationships.relationship_cache import RelationshipCache
from core.domain.channels.channel import Channel
from core.domain.errors import CannotSendToUser, InvalidRecipients, WrongChannelType


class CallRules:
    """Checks callers."""

    __slots__ = ("_directs", "_entities", "_relationships")

    def __init__(self, *, entities: EntityCache, directs: DirectSends, relationships: RelationshipCache) -> None:
        self._entities = entities
        self._directs = directs
        self._relationships = relationships

    async def require_private(self, user_id: int, channel_id: int) -> Channel:
        """Return the private channel. Raises UnknownChannel, MissingAccess, WrongChannelType."""
        access = await self._entities.channel_access(user_id, channel_id)
        if access.guild is not None:
            raise WrongChannelType
        return access.channel

    async def require_call(self, user_id: int, channel_id: int) -> Channel:
        """Return the private channel in which the user may be in a call. Raises CannotSendToUser, as the above too."""
        channel = await self.require_private(user_id, channel_id)
        people = await self._entities.users(channel.recipient_ids)
        if any(people[each].bot for each in channel.recipient_ids if each in people):
            raise CannotSendToUser
        await self._directs.require_write(user_id, channel)
        return channel

    async def find_rung(self, user_id: int, channel: Channel, wanted: Collection[int] | None) -> list[int]:
        """Return whom the user rings: of those who are wanted, None for all. Raises InvalidRecipients: not there."""
        others = [each for each in channel.recipient_ids if each != user_id]
        if wanted is not None and not set(wanted) <= set(channel.recipient_ids):
            raise InvalidRecipients
        chosen = [each for each in others if wanted is None or each in wanted]
        return [each for each in chosen if not await self._relationships.is_block_between(user_id, each)]
