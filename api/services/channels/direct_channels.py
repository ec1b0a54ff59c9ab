"""Direct channels of two users: two people, or a person and a bot."""

from typing import Annotated, Any, Final

import msgspec

from api.forms.form import SnowflakeField
from api.forms.marks import unbuilt
from api.services.announcements import user_event
from api.services.channels.last_messages import LastMessages
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from core.domain.channel import Channel, ChannelType
from core.domain.errors import CannotSendToUser, InvalidRecipients, UnknownUser, unbuilt_field
from core.domain.events import CHANNEL_CREATE
from core.domain.user import User
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from core.wire.objects.channel import DirectChannelObject, render_direct_channel

_GROUPS: Final = "group direct messages"
GroupPart = Annotated[Any, unbuilt(_GROUPS)]


class OpenDirectChannel(msgspec.Struct, kw_only=True):
    """POST /users/@me/channels. Discord documents `recipient_id`; its own client sends `recipients`."""

    recipient_id: SnowflakeField | None = None
    recipients: list[SnowflakeField] | None = None
    access_tokens: GroupPart = None
    nicks: GroupPart = None


_ONE: Final = 1


class DirectChannelService:
    """Opens and lists direct channels."""

    __slots__ = ("_entities", "_ids", "_last_messages", "_store")

    def __init__(self, *, entities: EntityCache, last_messages: LastMessages, store: Store, ids: IdSource) -> None:
        self._entities = entities
        self._store = store
        self._last_messages = last_messages
        self._ids = ids

    async def open(self, user: User, form: OpenDirectChannel) -> DirectChannelObject:
        """Return the channel of the user and one other. It is created when there is none.

        Raises:
            InvalidRecipients: nobody, unknown, or oneself. CannotSendToUser: bot to bot.
            NotBuilt: more than one recipient.
        """
        recipient = await self._fetch_recipient(user, form)
        channel = await self._store.channels.find_direct(user.id, recipient.id)
        if channel is None:
            channel = await self._create(user, recipient)
        return (await self._render_all(user.id, [channel]))[0]

    async def list_all(self, user_id: int) -> list[DirectChannelObject]:
        """Return the user's direct channels."""
        return await self._render_all(user_id, await self._store.channels.list_direct(user_id))

    async def _fetch_recipient(self, user: User, form: OpenDirectChannel) -> User:
        asked = [form.recipient_id] if form.recipient_id is not None else form.recipients or []
        others = set(asked) - {user.id}
        if len(others) > _ONE:
            raise unbuilt_field(("recipients",), _GROUPS)
        if not others:
            raise InvalidRecipients
        try:
            recipient = await self._entities.user(others.pop())
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
            channel = Channel(id=self._ids.next(), type=ChannelType.DM, recipient_ids=(user.id, recipient.id))
            await tx.channels.create(channel)
            tx.announce(self._created(channel, user, recipient), self._created(channel, recipient, user))
            return channel

    def _created(self, channel: Channel, viewer: User, other: User) -> Envelope:
        payload = render_direct_channel(channel, [other])
        return user_event(self._ids.next(), CHANNEL_CREATE, viewer.id, payload, channel_id=channel.id)

    async def _render_all(self, viewer_id: int, channels: list[Channel]) -> list[DirectChannelObject]:
        last_ids = await self._last_messages.find_ids([channel.id for channel in channels])
        people = await self._entities.users({user_id for channel in channels for user_id in channel.recipient_ids})
        return [
            render_direct_channel(
                msgspec.structs.replace(channel, last_message_id=last_ids.get(channel.id)),
                [people[user_id] for user_id in channel.recipient_ids if user_id != viewer_id and user_id in people],
            )
            for channel in channels
        ]
