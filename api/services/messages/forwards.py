"""The forwarding of messages: what is shown is a copy, which who forwards must be able to read.

    source (message_forms) → rights in its channel → the message → its files are copied → Forward (core.domain)

A forward of a forward shows what that one shows, and points at it.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from api.services.entity_cache import EntityCache
from api.services.files.attached_files import AttachedFiles
from api.services.files.file_copies import FileCopies, FileGone
from api.services.messages.content.message_forms import ForwardSource
from api.services.messages.pages.message_cache import MessageCache
from core.domain.channels.channel import TEXT_LIKE
from core.domain.errors import ForwardAgeRestricted, ForwardWithoutHistory, Invalid, SystemMessageAction, invalid_field
from core.domain.guilds.permissions import Permission
from core.domain.ids import created_ms
from core.domain.messages.forward import Forward
from core.domain.messages.message import WRITTEN, Message

_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)


class Forwards:
    """Makes forwards."""

    __slots__ = ("_copies", "_entities", "_messages")

    def __init__(self, *, entities: EntityCache, messages: MessageCache, copies: FileCopies) -> None:
        self._entities = entities
        self._messages = messages
        self._copies = copies

    @contextlib.asynccontextmanager
    async def make(
        self, user_id: int, channel_id: int, source: ForwardSource
    ) -> AsyncIterator[tuple[Forward, AttachedFiles]]:
        """Make what a message in a channel shows of another one, with its files, which the body uses or not.

        Raises:
            UnknownChannel, MissingAccess: for a source that the user may not view. ForwardWithoutHistory: or not read.
            ForwardAgeRestricted: when the source alone is age-restricted.
            Invalid: when the message is gone, or has a poll. SystemMessageAction: when the server wrote it.
            Forbidden: when files are shown, and the user may not attach any. QuotaReached, Unavailable.
        """
        shown = _show(await self._find(user_id, channel_id, source))
        try:
            async with self._copies.copy(user_id, channel_id, source.channel_id, shown.attachments) as copied:
                yield msgspec.structs.replace(shown, attachments=copied.attachments), copied
        except FileGone as error:
            raise _unknown_message() from error

    async def _find(self, user_id: int, channel_id: int, source: ForwardSource) -> Message:
        access = await self._entities.text_access(user_id, source.channel_id)
        if not access.has(_READ_HISTORY):
            raise ForwardWithoutHistory
        channel = access.channel
        if channel.nsfw:
            await self._require_restricted(user_id, channel_id)
        is_there = channel.type in TEXT_LIKE and source.guild_id in (None, channel.guild_id)
        message = await self._messages.find(channel.id, source.message_id) if is_there else None
        if message is None:
            raise _unknown_message()
        if message.type not in WRITTEN:
            raise SystemMessageAction
        if message.poll is not None:
            raise invalid_field("message_reference", "MESSAGE_FORWARD_POLL", "A poll cannot be forwarded.")
        return message

    async def _require_restricted(self, user_id: int, channel_id: int) -> None:
        """Raise ForwardAgeRestricted for a channel of a guild that is open to all ages."""
        target = (await self._entities.text_access(user_id, channel_id)).channel
        if target.guild_id and not target.nsfw:
            raise ForwardAgeRestricted


def _show(message: Message) -> Forward:
    """Return what a forward of a message shows, with the message's own files."""
    place = {"message_id": message.id, "channel_id": message.channel_id, "guild_id": message.guild_id}
    if message.forward is not None:
        return msgspec.structs.replace(message.forward, **place)
    return Forward(
        **place,
        created_ms=created_ms(message.id),
        edited_ms=message.edited_ms,
        type=message.type,
        content=message.content,
        embeds=message.embeds,
        attachments=message.attachments,
        mention_ids=message.mention_ids,
        mention_role_ids=message.mention_role_ids,
        flags=message.flags,
    )


def _unknown_message() -> Invalid:
    return invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
