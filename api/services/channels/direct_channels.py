"""Direct channels of two users: two people, or a person and a bot. Groups are in `group_channels`.

A pair has one channel for all time. It is seen by whoever has opened it, and by the other one from the first message
on. A recipient may close it, which hides it until the next message (`direct_sends`).
"""

from api.services.caller import Caller
from api.services.channels.last_messages import LastMessages
from api.services.directs.direct_events import direct_channel_event, show_direct
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.limits import Limits
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import CannotSendToUser, InvalidRecipients, UnknownUser
from core.domain.events import CHANNEL_CREATE, CHANNEL_DELETE
from core.domain.people.user import User
from core.store.interfaces import Store
from core.wire.objects.channels.channel import DirectChannelObject


class DirectChannelService:
    """Opens, closes and lists direct channels."""

    __slots__ = ("_entities", "_ids", "_last_messages", "_limits", "_sends", "_store")

    def __init__(
        self,
        *,
        entities: EntityCache,
        last_messages: LastMessages,
        sends: DirectSends,
        limits: Limits,
        store: Store,
        ids: IdSource,
    ) -> None:
        self._entities = entities
        self._store = store
        self._last_messages = last_messages
        self._sends = sends
        self._limits = limits
        self._ids = ids

    async def open(self, user: User, recipient_id: int) -> DirectChannelObject:
        """Return the channel of the user and one other, created when there is none and opened when it was closed.

        Raises:
            InvalidRecipients: unknown, or oneself. CannotSendToUser: bot to bot. DirectsOpenedTooFast.
        """
        recipient = await self._fetch_recipient(user, recipient_id)
        channel = await self._store.channels.find_direct(user.id, recipient.id)
        if channel is None:
            await self._limits.take_direct_opening(user.id)
            channel = await self._create(user, recipient)
        if user.id in channel.closed_for:
            await self._sends.open_for(channel.id, [user.id])
        return (await self._show_all(user.id, [channel]))[0]

    async def ensure(self, user: User, recipient_id: int) -> Channel:
        """Return the channel of the two for a message of the server: no limit counts it. Raises InvalidRecipients."""
        recipient = await self._fetch_recipient(user, recipient_id)
        channel = await self._store.channels.find_direct(user.id, recipient.id)
        return channel or await self._create(user, recipient)

    async def list_all(self, user_id: int) -> list[DirectChannelObject]:
        """Return the private channels that the user sees, direct ones and groups."""
        return await self._show_all(user_id, await self._store.channels.list_direct(user_id))

    async def show(self, user_id: int, channel: Channel) -> DirectChannelObject:
        """Return a private channel as its recipient sees it."""
        return (await self._show_all(user_id, [channel]))[0]

    async def close(self, caller: Caller, channel: Channel) -> DirectChannelObject:
        """Hide the channel from the caller until the next message."""
        people = await self._entities.users(channel.recipient_ids)
        last_ids = await self._last_messages.find_ids([channel.id])
        async with self._store.write(users=channel.recipient_ids) as tx:
            present = await tx.channels.find(channel.id)
            if present is not None and caller.user_id not in present.closed_for:
                closed_for = (*present.closed_for, caller.user_id)
                await tx.channels.update(channel.id, {"closed_for": closed_for})
                tx.announce(
                    direct_channel_event(
                        self._ids.next(), CHANNEL_DELETE, channel, caller.user_id, people, last_ids.get(channel.id)
                    )
                )
        return show_direct(channel, caller.user_id, people, last_ids.get(channel.id))

    async def _fetch_recipient(self, user: User, recipient_id: int) -> User:
        if recipient_id == user.id:
            raise InvalidRecipients
        try:
            recipient = await self._entities.user(recipient_id)
        except UnknownUser:
            raise InvalidRecipients from None
        if user.bot and recipient.bot:
            raise CannotSendToUser
        return recipient

    async def _create(self, user: User, recipient: User) -> Channel:
        async with self._store.write(users=[user.id, recipient.id]) as tx:
            # Another request may have been faster, for example the recipient's.
            channel = await tx.channels.find_direct(user.id, recipient.id)
            if channel is not None:
                return channel
            channel = Channel(
                id=self._ids.next(),
                type=ChannelType.DM,
                recipient_ids=(user.id, recipient.id),
                closed_for=(recipient.id,),
            )
            await tx.channels.create(channel)
            people = {user.id: user, recipient.id: recipient}
            tx.announce(direct_channel_event(self._ids.next(), CHANNEL_CREATE, channel, user.id, people))
            return channel

    async def _show_all(self, viewer_id: int, channels: list[Channel]) -> list[DirectChannelObject]:
        last_ids = await self._last_messages.find_ids([channel.id for channel in channels])
        people = await self._entities.users({user_id for channel in channels for user_id in channel.recipient_ids})
        return [show_direct(channel, viewer_id, people, last_ids.get(channel.id)) for channel in channels]
