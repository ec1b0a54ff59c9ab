"""The copies of published messages: made, changed as their messages are, and emptied when these are gone.

A copy is a message of the webhook. It shows text, embeds and files as its message does, but mentions nobody, since its
readers are others. Files are copied (`api.services.files.file_copies`), in the name of who has made the webhook; those
that find no room are left out.

A webhook copies a message once: the message's id is the nonce. The copy says which version of the message it shows, so
of two changes of a copy the one with the older version has no effect.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec

from api.services.files.attached_files import AttachedFiles
from api.services.files.file_copies import FileCopies, FileGone
from api.services.files.quotas import QuotaReached
from api.services.messages.message_changes import MessageChanges
from api.services.messages.message_events import message_created
from api.services.messages.pages.message_renderer import MessageRenderer
from core.domain.channels.channel import Channel
from core.domain.errors import UnknownMessage
from core.domain.guilds.webhook import Webhook, WebhookAuthor
from core.domain.ids import created_ms
from core.domain.messages.attachment import Attachment
from core.domain.messages.crosspost import IS_CROSSPOST, SOURCE_MESSAGE_DELETED, Source
from core.domain.messages.forward import Forward
from core.domain.messages.message import CROSSPOSTED, SUPPRESS_EMBEDS, Message, ResolvedMessage
from core.domain.people.user import User
from core.door.interfaces import Door, Opening
from core.store.aggregates.messages.messages import MessageStore
from core.wire.objects.messages.embed import NO_EMBEDS

logger = logging.getLogger(__name__)

DELETED_TEXT: Final = "[Original Message Deleted]"
"""What a copy says when its message is gone, as at Discord."""

_UNCOPIED_FLAGS: Final = CROSSPOSTED | IS_CROSSPOST | SOURCE_MESSAGE_DELETED


class Copies:
    """Makes and changes copies."""

    __slots__ = ("_changes", "_door", "_files", "_messages", "_renderer")

    def __init__(
        self,
        *,
        messages: MessageStore,
        changes: MessageChanges,
        renderer: MessageRenderer,
        files: FileCopies,
        door: Door,
    ) -> None:
        self._messages = messages
        self._changes = changes
        self._renderer = renderer
        self._files = files
        self._door = door

    async def create(self, webhook: Webhook, channel: Channel, source: Message) -> int:
        """Copy a message into a channel, and return the copy's id; that of the first copy when there is one.

        Raises Unavailable.
        """
        opening = Opening(
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author_id=webhook.id,
            nonce=str(source.id),
            is_limited=False,
            mark=None,
        )
        files = _shown(source).attachments
        async with self._copy_files(webhook, channel, source, files) as attached:
            async with self._door.open(opening) as permit:
                if permit.is_repeat:
                    return permit.id
                # Nothing may be awaited from here to `add`, as in `api.services.messages.messages`.
                message = _make_copy(webhook, channel, source, permit.id, attached.attachments)
                resolved = ResolvedMessage(message=message, author=User(id=webhook.id, username=webhook.name))
                encoded = self._renderer.encode(resolved, None, with_nonce=False)
                added = await self._messages.add(message, message_created(channel, message, encoded.dispatch))
                if not added.is_new:
                    permit.first_id = added.message.id
                    return added.message.id
            await attached.use(message.id)
            return message.id

    async def find(self, webhook: Webhook, source_id: int) -> tuple[int, int] | None:
        """Find the copy of a message; return its channel and its id. It reads all that the webhook has sent since."""
        since_ms = created_ms(source_id)
        found = await self._messages.list_ids_by_author(webhook.guild_id, webhook.id, since_ms=since_ms)
        for channel_id, message_id in reversed(found):
            message = await self._messages.find(channel_id, message_id)
            if message is not None and message.source is not None and message.source.message_id == source_id:
                return channel_id, message_id
        return None

    async def update(self, webhook: Webhook, channel: Channel, copy_id: int, source: Message) -> bool:
        """Have a copy show what its message shows; tell whether the copy is there. Raises Unavailable."""
        copy = await self._messages.find(channel.id, copy_id)
        if copy is None or copy.source is None:
            return False
        if copy.source.version >= source.version:
            return True
        known = dict(zip(copy.source.file_ids, copy.attachments, strict=True))
        files = _shown(source).attachments
        new = [each for each in files if each.id not in known]
        async with self._copy_files(webhook, channel, source, new, message_id=copy_id) as attached:
            # Of several new files either all are there or none.
            known |= {file.id: made for file, made in zip(new, attached.attachments, strict=False)}
            shown = [(file.id, _as_in(file, known[file.id])) for file in files if file.id in known]

            def choose(message: Message) -> dict[str, Any]:
                if message.source is None or message.source.version >= source.version:
                    return {}
                return _changes_of(message, source, shown)

            try:
                is_there = await self._changes.change(channel, copy_id, choose) is not None
            except UnknownMessage:
                return False
            if new and is_there:
                await attached.use(copy_id)
            return is_there

    async def take_back(self, channel: Channel, copy_id: int) -> None:
        """Empty a copy whose message is gone. Raises Unavailable."""
        emptied = {"content": DELETED_TEXT, "embeds": NO_EMBEDS, "attachments": ()}

        def choose(message: Message) -> dict[str, Any]:
            if message.flags & SOURCE_MESSAGE_DELETED or message.source is None:
                return {}
            source = msgspec.structs.replace(message.source, file_ids=())
            return {**emptied, "source": source, "flags": message.flags | SOURCE_MESSAGE_DELETED}

        with contextlib.suppress(UnknownMessage):
            await self._changes.change(channel, copy_id, choose)

    @contextlib.asynccontextmanager
    async def _copy_files(
        self,
        webhook: Webhook,
        channel: Channel,
        source: Message,
        files: Sequence[Attachment],
        *,
        message_id: int = 0,
    ) -> AsyncIterator[AttachedFiles]:
        async with contextlib.AsyncExitStack() as stack:

            async def enter(chosen: Sequence[Attachment]) -> AttachedFiles:
                return await stack.enter_async_context(
                    self._files.copy_unasked(webhook.user_id, channel, source.channel_id, chosen, message_id=message_id)
                )

            try:
                attached = await enter(files)
            except (FileGone, QuotaReached) as error:
                reason = str(error) or "gone"
                logger.warning("a message is published without files", extra={"id": source.id, "reason": reason})
                attached = await enter(())
            yield attached


def _shown(source: Message) -> Message | Forward:
    """Return what of a message is shown: a forward shows another one."""
    return source if source.forward is None else source.forward


def _as_in(file: Attachment, copied: Attachment) -> Attachment:
    """Return a copied file as its message shows it by now: with another description, perhaps."""
    return msgspec.structs.replace(file, id=copied.id)


def _make_copy(
    webhook: Webhook, channel: Channel, source: Message, copy_id: int, attachments: tuple[Attachment, ...]
) -> Message:
    shown = _shown(source)
    return Message(
        id=copy_id,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author_id=webhook.id,
        content=shown.content,
        embeds=shown.embeds,
        attachments=attachments,
        poll=source.poll,
        flags=_flags_of(source),
        nonce=str(source.id),
        webhook=WebhookAuthor(webhook.name, webhook.avatar),
        source=Source(
            channel_id=source.channel_id,
            guild_id=source.guild_id,
            message_id=source.id,
            version=source.version,
            file_ids=tuple(each.id for each in shown.attachments) if attachments else (),
        ),
    )


def _flags_of(source: Message) -> int:
    return (_shown(source).flags | source.flags & SUPPRESS_EMBEDS) & ~_UNCOPIED_FLAGS | IS_CROSSPOST


def _changes_of(copy: Message, source: Message, files: Sequence[tuple[int, Attachment]]) -> dict[str, Any]:
    """Return all that is to be another in a copy. `files` are the copied ones, each with the id of its original."""
    shown = _shown(source)
    wanted = {
        "content": shown.content,
        "embeds": shown.embeds,
        "attachments": tuple(copied for _, copied in files),
        "flags": copy.flags | source.flags & SUPPRESS_EMBEDS,
        "edited_ms": source.edited_ms,
        "source": Source(
            channel_id=source.channel_id,
            guild_id=source.guild_id,
            message_id=source.id,
            version=source.version,
            file_ids=tuple(file_id for file_id, _ in files),
        ),
    }
    return {name: value for name, value in wanted.items() if getattr(copy, name) != value}
