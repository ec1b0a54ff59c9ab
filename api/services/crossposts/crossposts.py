"""The publishing of messages of announcement channels.

What is to be done is noted first, then the message is marked, which is what publishes it, and then the publisher copies
it (publisher.py). A note whose message was never marked is forgotten by the sweep.
"""

from typing import Any, Final

from api.services.access import ChannelAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.limits import Limits
from api.services.messages.fresh_rights import claim_of, on_fresh_rights
from api.services.messages.message_changes import MessageChanges
from api.services.messages.pages.reader_parts import ReaderParts
from api.services.messages.publications import Publications
from core.domain.channels.channel import ChannelType
from core.domain.errors import AlreadyCrossposted, SystemMessageAction, UnknownMessage, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.domain.messages.crosspost import IS_CROSSPOST
from core.domain.messages.message import CROSSPOSTED, WRITTEN, Message
from core.door.interfaces import Door
from core.store.aggregates.messages.messages import MessageStore

_SEND: Final = int(Permission.SEND_MESSAGES)
_MANAGE: Final = int(Permission.MANAGE_MESSAGES)


class CrosspostService:
    """Publishes messages."""

    __slots__ = ("_changes", "_door", "_entities", "_limits", "_messages", "_parts", "_publications")

    def __init__(
        self,
        *,
        entities: EntityCache,
        messages: MessageStore,
        changes: MessageChanges,
        publications: Publications,
        parts: ReaderParts,
        limits: Limits,
        door: Door,
    ) -> None:
        self._entities = entities
        self._messages = messages
        self._changes = changes
        self._publications = publications
        self._parts = parts
        self._limits = limits
        self._door = door

    @on_fresh_rights
    async def publish(self, caller: Caller, channel_id: int, message_id: int) -> bytes:
        """Publish a message to all channels that follow its channel, and return it in JSON.

        The copies come in the background.

        Raises:
            UnknownChannel, MissingAccess. WrongChannelType: in all but announcement channels.
            Forbidden: without SEND_MESSAGES, or without MANAGE_MESSAGES for another's. UnknownMessage.
            SystemMessageAction: for a message that the server wrote. AlreadyCrossposted: also for a copy.
            RateLimited: when the channel has published as much as it may.
        """
        mark = self._door.mark()
        access = await self._entities.text_access(caller.user_id, channel_id)
        if access.channel.type != ChannelType.ANNOUNCEMENT:
            raise WrongChannelType
        access.require(_SEND)
        message = await self._messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        _require_may_publish(access, caller.user_id, message)
        await self._door.confirm(claim_of(access, caller.user_id, mark))
        await self._limits.take_crosspost(channel_id)
        await self._publications.begin(access.channel, message_id)

        def choose(message: Message) -> dict[str, Any]:
            _require_may_publish(access, caller.user_id, message)
            return {"flags": message.flags | CROSSPOSTED}

        shown = await self._changes.change(access.channel, message_id, choose)
        if shown is None:
            raise UnknownMessage
        self._publications.hand_over([message_id])
        return await self._parts.show_one(caller, access.channel, message_id, shown)


def _require_may_publish(access: ChannelAccess, user_id: int, message: Message) -> None:
    if message.author_id != user_id:
        access.require(_MANAGE)
    if message.type not in WRITTEN:
        raise SystemMessageAction
    if message.flags & (CROSSPOSTED | IS_CROSSPOST):
        raise AlreadyCrossposted
