"""What a direct channel asks of whoever writes into it, beside being its recipient.

Two may write to each other who are acquainted (`Acquaintances`); in a group everybody may. A channel that a recipient
has closed, or has never seen because nothing was said in it yet, is opened for them by a message: CHANNEL_CREATE goes
before it. Somebody may close the channel while the message is on its way, so the sender looks once more afterwards.
"""

from collections.abc import Sequence

from api.services.directs.direct_events import direct_channel_event
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.relationships.acquaintances import FRIENDS, Acquaintances
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import CannotSendToUser
from core.domain.events import CHANNEL_CREATE
from core.store.interfaces import Store


class DirectSends:
    """Checks senders, and opens channels for those who do not see them."""

    __slots__ = ("_acquaintances", "_entities", "_ids", "_store")

    def __init__(self, *, acquaintances: Acquaintances, entities: EntityCache, store: Store, ids: IdSource) -> None:
        self._acquaintances = acquaintances
        self._entities = entities
        self._store = store
        self._ids = ids

    async def require_write(self, user_id: int, channel: Channel) -> int:
        """Check that the recipient may write into the channel. Raises CannotSendToUser.

        Return the guild by which it may, for the door (`Opening.shared_guild_id`); 0 where no guild is needed.
        """
        if channel.type != ChannelType.DM:
            return FRIENDS
        tie: int | None = FRIENDS
        for other_id in channel.recipient_ids:
            if other_id != user_id:
                tie = await self._acquaintances.find_tie(user_id, other_id)
        if tie is None:
            raise CannotSendToUser
        return tie

    async def open_for_all(self, channel: Channel) -> None:
        """Open the channel for those who do not see it."""
        if channel.closed_for:
            await self.open_for(channel.id, channel.recipient_ids)

    async def look_again(self, channel_id: int) -> None:
        """Open the channel for those who have closed it while a message was on its way."""
        await self.open_for_all(await self._entities.channel(channel_id))

    async def open_for(self, channel_id: int, user_ids: Sequence[int]) -> None:
        """Open the channel for these recipients, if they do not see it, and tell them."""
        channel = await self._entities.channel(channel_id)
        people = await self._entities.users(channel.recipient_ids)
        async with self._store.write(users=channel.recipient_ids) as tx:
            present = await tx.channels.find(channel_id)
            if present is None or not set(present.closed_for) & set(user_ids):
                return
            still = tuple(user_id for user_id in present.closed_for if user_id not in user_ids)
            after = await tx.channels.update(channel_id, {"closed_for": still})
            for user_id in present.closed_for:
                if user_id in user_ids:
                    tx.announce(direct_channel_event(self._ids.next(), CHANNEL_CREATE, after, user_id, people))
