"""Copies of messages' files, for messages that show what others have shown.

A copy is a file like any other: it belongs to who has made it, counts for their quota and for that of the guild, and
goes with the message that shows it. Where files are in a folder it takes no room on the disk.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from api.services.entity_cache import EntityCache
from api.services.files.attachments import AttachedFiles
from api.services.files.incoming_files import ATTACH_FILES
from api.services.files.stored_files import StoredFiles
from api.services.ids import IdSource
from core.domain.channels.channel import Channel
from core.domain.messages.attachment import Attachment, FileState, StoredFile
from core.runtime.clock import Clock
from core.store.interfaces import Store


class FileGone(Exception):
    """A file was removed while it was to be copied."""


class FileCopies:
    """Copies files."""

    __slots__ = ("_clock", "_entities", "_files", "_ids", "_lifetime_ms", "_store")

    def __init__(
        self,
        *,
        entities: EntityCache,
        store: Store,
        files: StoredFiles,
        ids: IdSource,
        clock: Clock,
        lifetime_s: float,
    ) -> None:
        """`lifetime_s` is the time that a file has until a message must have it."""
        self._entities = entities
        self._store = store
        self._files = files
        self._ids = ids
        self._clock = clock
        self._lifetime_ms = int(lifetime_s * 1000)

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
        async with AttachedFiles(store=self._store, files=self._files) as attached:
            if attachments:
                access = await self._entities.text_access(user_id, channel_id)
                access.require(ATTACH_FILES)
                rows = [self._make_row(user_id, access.channel, each) for each in attachments]
                await self._files.add(rows)
                attached.made_ids = [row.id for row in rows]
                for original, row in zip(attachments, rows, strict=True):
                    if not await self._files.copy(source_channel_id, original.id, row):
                        raise FileGone
                attached.attachments = tuple(
                    msgspec.structs.replace(original, id=row.id)
                    for original, row in zip(attachments, rows, strict=True)
                )
            yield attached

    def _make_row(self, user_id: int, channel: Channel, original: Attachment) -> StoredFile:
        return StoredFile(
            id=self._ids.next(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            user_id=user_id,
            state=int(FileState.CLAIMED),
            filename=original.filename,
            content_type=original.content_type,
            size=original.size,
            width=original.width,
            height=original.height,
            expires_ms=self._clock.now_ms() + self._lifetime_ms,
        )
