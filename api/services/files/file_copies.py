"""Copies of messages' files, for messages that show what others have shown.

A copy is a file like any other: it belongs to who has made it, counts for their quota and for that of the guild, and
goes with the message that shows it. Where files are in a folder it takes no room on the disk.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from api.services.entity_cache import EntityCache
from api.services.files.attached_files import AttachedFiles
from api.services.files.file_rows import FileRows
from api.services.files.incoming_files import ATTACH_FILES
from api.services.files.stored_files import StoredFiles
from core.domain.channels.channel import Channel
from core.domain.messages.attachment import Attachment, FileState, StoredFile


class FileGone(Exception):
    """A file was removed while it was to be copied."""


class FileCopies:
    """Copies files."""

    __slots__ = ("_entities", "_files", "_rows")

    def __init__(self, *, entities: EntityCache, files: StoredFiles, rows: FileRows) -> None:
        self._entities = entities
        self._files = files
        self._rows = rows

    @contextlib.asynccontextmanager
    async def copy(
        self, user_id: int, channel_id: int, source_channel_id: int, attachments: Sequence[Attachment]
    ) -> AsyncIterator[AttachedFiles]:
        """Copy the files of a channel's message into a channel, in the user's name.

        The body calls `use` when a message has them; otherwise they are removed at its end.

        Raises:
            FileGone. UnknownChannel, MissingAccess, Forbidden: without the right to attach files.
            QuotaReached, Unavailable.
        """
        channel = None
        if attachments:
            access = await self._entities.text_access(user_id, channel_id)
            access.require(ATTACH_FILES)
            channel = access.channel
        async with AttachedFiles(self._files) as attached:
            if channel is not None:
                await self._copy_into(attached, user_id, channel, source_channel_id, attachments)
            yield attached

    @contextlib.asynccontextmanager
    async def copy_unasked(
        self,
        user_id: int,
        channel: Channel,
        source_channel_id: int,
        attachments: Sequence[Attachment],
        *,
        message_id: int = 0,
    ) -> AsyncIterator[AttachedFiles]:
        """Copy files as `copy` does, whatever the user may do. `message_id` is that of a message that is there already.

        Raises FileGone, QuotaReached, Unavailable.
        """
        async with AttachedFiles(self._files) as attached:
            if attachments:
                await self._copy_into(attached, user_id, channel, source_channel_id, attachments, message_id=message_id)
            yield attached

    async def _copy_into(
        self,
        attached: AttachedFiles,
        user_id: int,
        channel: Channel,
        source_channel_id: int,
        attachments: Sequence[Attachment],
        *,
        message_id: int = 0,
    ) -> None:
        rows = [self._make_row(user_id, channel, each, message_id) for each in attachments]
        await self._files.add(rows)
        attached.made_ids = [row.id for row in rows]
        for original, row in zip(attachments, rows, strict=True):
            if not await self._files.copy(source_channel_id, original.id, row):
                raise FileGone
        attached.attachments = tuple(
            msgspec.structs.replace(original, id=row.id) for original, row in zip(attachments, rows, strict=True)
        )

    def _make_row(self, user_id: int, channel: Channel, original: Attachment, message_id: int) -> StoredFile:
        return self._rows.make(
            channel,
            user_id,
            state=FileState.CLAIMED,
            filename=original.filename,
            size=original.size,
            content_type=original.content_type,
            width=original.width,
            height=original.height,
            message_id=message_id,
        )
