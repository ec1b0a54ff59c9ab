"""Files and their rows: kept, given up and removed together.

A row is there before the bytes and goes after them. So whatever is cut off in the middle leaves a row, by which the
sweep finds the rest (`api.services.files.file_sweep`).
"""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from api.services.files.quotas import Quotas
from core.domain.errors import Unavailable
from core.domain.messages.attachment import FileState, StoredFile
from core.media.content_types import UNKNOWN, find_content_type
from core.media.pictures import PICTURES, UNREAD
from core.media.workers import PictureWorkers
from core.store.blob.interfaces import BlobStore, OpenBlob
from core.store.interfaces import Store

logger = logging.getLogger(__name__)


class Facts(msgspec.Struct, kw_only=True, frozen=True):
    """What was found out about a file, and where its bytes are now."""

    path: Path
    size: int
    content_type: str
    width: int = 0
    height: int = 0


def blob_of(file: StoredFile) -> str:
    """Return the name of a file's bytes."""
    return _name_blob(file.channel_id, file.id)


def _name_blob(channel_id: int, file_id: int) -> str:
    return f"attachments/{channel_id}/{file_id}"


class StoredFiles:
    """The files of messages, in the store and in the blob store."""

    __slots__ = ("_blobs", "_quotas", "_store", "_workers")

    def __init__(self, *, store: Store, blobs: BlobStore, workers: PictureWorkers, quotas: Quotas) -> None:
        self._store = store
        self._blobs = blobs
        self._workers = workers
        self._quotas = quotas

    async def examine(self, path: Path, head: bytes, filename: str) -> Facts:
        """Find out about a staged file. A picture is written anew, without metadata, and takes the old one's place.

        A picture that cannot be read, or has too many pixels, is a file to be saved, whose metadata is emptied. Raises
        Unavailable.
        """
        size = _measure(path)
        content_type = find_content_type(head, filename)
        if content_type not in PICTURES and content_type not in UNREAD:
            return Facts(path=path, size=size, content_type=content_type)
        cleaned = self._blobs.staging.name_new()
        try:
            outcome = await self._workers.clean(path, cleaned, content_type)
            if outcome.error:
                logger.info("a picture is kept as a file", extra={"reason": outcome.error})
                await self._workers.blank(path, content_type)
                return Facts(path=path, size=size, content_type=UNKNOWN)
            cleaned.replace(path)
        finally:
            cleaned.unlink(missing_ok=True)
        size = _measure(path)
        return Facts(path=path, size=size, content_type=content_type, width=outcome.width, height=outcome.height)

    async def add(self, files: Sequence[StoredFile]) -> None:
        """Add rows of one user's files in one channel, of one state.

        Raises:
            QuotaReached, Unavailable. TooManyUploads, UploadsTooLarge: for files that are to wait for a message.
        """
        user_id, guild_id = files[0].user_id, files[0].guild_id
        async with self._store.write(users=[user_id], guilds=self._quotas.list_owners(guild_id)) as tx:
            more = sum(file.size for file in files)
            await self._quotas.require_room(tx, more, user_id=user_id, guild_id=guild_id)
            if files[0].state == FileState.EXPECTED:
                await self._quotas.require_waiting(tx, files, user_id=user_id)
            await tx.files.add(files)

    async def put(self, file: StoredFile, path: Path) -> None:
        """Store the bytes of a file that has a row. Raises Unavailable."""
        await self._blobs.put_file(blob_of(file), path, file.content_type)

    async def copy(self, channel_id: int, file_id: int, file: StoredFile) -> bool:
        """Store the bytes of another file for one that has a row. Tell whether they were there. Raises Unavailable."""
        return await self._blobs.copy(_name_blob(channel_id, file_id), blob_of(file))

    async def remove_bytes(self, file: StoredFile) -> None:
        """Remove the bytes of a file whose row has gone. Raises Unavailable."""
        await self._blobs.delete(blob_of(file))

    async def open(self, file: StoredFile) -> OpenBlob | None:
        """Open a file's bytes, which the caller closes. Raises Unavailable."""
        return await self._blobs.open(blob_of(file))

    async def give_up(self, file_ids: Collection[int], *, unused_since_ms: int | None = None) -> int:
        """Remove files, bytes and rows; return how many. `unused_since_ms` is as in `FileWriter.retire`.

        Raises Unavailable: what is left then is found by the sweep.
        """
        if not file_ids:
            return 0
        async with self._store.write() as tx:
            files = await tx.files.retire(file_ids, unused_since_ms=unused_since_ms)
        for file in files:
            await self._blobs.delete(blob_of(file))
        if files:
            async with self._store.write() as tx:
                await tx.files.delete([file.id for file in files])
        return len(files)

    async def try_give_up(self, file_ids: Collection[int]) -> None:
        """Remove files, or leave them to the sweep."""
        try:
            await self.give_up(file_ids)
        except Unavailable:
            logger.warning("files could not be removed yet", extra={"files": len(file_ids)})

    async def try_use(self, file_ids: Collection[int], message_id: int) -> None:
        """Note which message has files, or leave it to the sweep."""
        if not file_ids:
            return
        try:
            async with self._store.write() as tx:
                await tx.files.use(file_ids, message_id=message_id)
        except Unavailable:
            logger.warning("a message's files could not be noted yet", extra={"message_id": message_id})

    async def try_release(self, file_ids: Collection[int]) -> None:
        """Give claimed files back, or leave them to the sweep."""
        if not file_ids:
            return
        try:
            async with self._store.write() as tx:
                await tx.files.release(file_ids)
        except Unavailable:
            logger.warning("files could not be given back", extra={"files": len(file_ids)})


def _measure(path: Path) -> int:
    return path.stat().st_size
