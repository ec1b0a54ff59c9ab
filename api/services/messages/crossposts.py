"""The publishing of messages of announcement channels. No channel can follow another one yet, so nothing is copied."""

from typing import Any, Final

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.messages.message_changes import MessageChanges
from api.services.messages.pages.reader_parts import ReaderParts
from core.domain.channels.channel import ChannelType
from core.domain.errors import AlreadyCrossposted, SystemMessageAction, UnknownMessage, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import CROSSPOSTED, WRITTEN, Message

_SEND: Final = int(Permission.SEND_MESSAGES)
_MANAGE: Final = int(Permission.MANAGE_MESSAGES)


class CrosspostService:
    """Publishes messages."""

    __slots__ = ("_changes", "_entities", "_parts")

    def __init__(self, *, entities: EntityCache, changes: MessageChanges, parts: ReaderParts) -> None:
        self._entities = entities
        self._changes = changes
        self._parts = parts

    async def publish(self, caller: Caller, channel_id: int, message_id: int) -> bytes:
        """Mark a message as published, and return it in JSON.

        Raises:
            UnknownChannel, MissingAccess. WrongChannelType: in all but announcement channels.
            Forbidden: without SEND_MESSAGES, or without MANAGE_MESSAGES for another's. UnknownMessage.
            SystemMessageAction: for a message that the server wrote. AlreadyCrossposted.
        """
        access = await self._entities.text_access(caller.user_id, channel_id)
        if access.channel.type != ChannelType.ANNOUNCEMENT:
            raise WrongChannelType
        access.require(_SEND)

        def choose(message: Message) -> dict[str, Any]:
            if message.author_id != caller.user_id:
                access.require(_MANAGE)
            if message.type not in WRITTEN:
                raise SystemMessageAction
            if message.flags & CROSSPOSTED:
                raise AlreadyCrossposted
            return {"flags": message.flags | CROSSPOSTED}

        shown = await self._changes.change(access.channel, message_id, choose)
        if shown is None:
            raise UnknownMessage
        return await self._parts.show_one(caller, access.channel, message_id, shown)
