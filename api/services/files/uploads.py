"""Files that are uploaded ahead of their message: a row and a link first, then the bytes, then a message takes them.

The link is a secret: whoever has it may upload, once, what was announced. It is not behind the limits of requests'
bodies, and its bytes go straight to the disk.

Of several requests with one link, the first whose bytes have all come puts them in their place, and no other one writes
there: a message that has the file keeps what it had when it was sent. What a process that dies has begun to put is
removed by the sweep when its time is over.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.attachment_forms import check_count, name_upload, parse_upload_name
from api.services.files.file_links import FileLinks
from api.services.files.file_rows import FileRows
from api.services.files.filenames import clean_filename
from api.services.files.incoming_files import ATTACH_FILES, IncomingFile
from api.services.files.stored_files import StoredFiles
from core.domain.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable
from core.domain.messages.attachment import FileState, StoredFile
from core.store.blob.staging import Staging
from core.store.interfaces import Store
from core.wire.objects.messages.attachment import UploadObject

_UNUSED: Final = frozenset({FileState.EXPECTED, FileState.ARRIVING, FileState.STORED})
UPLOAD_PATH: Final = "/attachments/uploads"
"""Where bytes are put, below the API's prefix."""


class UploadForm(msgspec.Struct, kw_only=True):
    """A file that is to come."""

    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    file_size: Annotated[int, Meta(ge=1, le=2**53)]
    id: int | str | None = None
    """The client's own name of the file, which the answer repeats."""


class UploadsForm(msgspec.Struct, kw_only=True):
    """Body of a request for uploads."""

    files: Annotated[list[UploadForm], Meta(min_length=1)]


class UploadService:
    """Files that are uploaded ahead."""

    __slots__ = ("_directs", "_entities", "_files", "_links", "_max_bytes", "_prefix", "_rows", "_staging", "_store")

    def __init__(  # noqa: PLR0913 - an upload passes through a channel, a table and a disk
        self,
        *,
        entities: EntityCache,
        directs: DirectSends,
        store: Store,
        files: StoredFiles,
        rows: FileRows,
        links: FileLinks,
        staging: Staging,
        max_bytes: int,
        prefix: str,
    ) -> None:
        """`prefix` stands before the path of links, `max_bytes` bounds each file."""
        self._entities = entities
        self._directs = directs
        self._store = store
        self._files = files
        self._rows = rows
        self._links = links
        self._staging = staging
        self._max_bytes = max_bytes
        self._prefix = prefix

    async def announce(self, user_id: int, channel_id: int, forms: Sequence[UploadForm]) -> list[UploadObject]:
        """Make room for files, and return the links to upload them to.

        Raises:
            UnknownChannel, MissingAccess, Forbidden, NotVerified, CannotSendToUser: as for a message, and its channels.
            LimitReached: for more than ten.
            TooLarge, QuotaReached, TooManyUploads, UploadsTooLarge. Unavailable.
        """
        access = await self._entities.text_access(user_id, channel_id)
        access.require_to_send(ATTACH_FILES)
        if access.guild is None:
            await self._directs.require_write(user_id, access.channel)
        check_count(len(forms))
        if any(form.file_size > self._max_bytes for form in forms):
            raise TooLarge
        files = [
            self._rows.make(
                access.channel,
                user_id,
                state=FileState.EXPECTED,
                filename=clean_filename(form.filename),
                size=form.file_size,
            )
            for form in forms
        ]
        await self._files.add(files)
        return [self._show(form, file) for form, file in zip(forms, files, strict=True)]

    async def receive(
        self, file_id: int, signature: tuple[str, str, str], size: int | None, body: AsyncIterator[bytes]
    ) -> None:
        """Take the bytes of an upload. `signature` is (ex, is, hm), and `size` what the client has announced.

        Raises:
            Forbidden: when the link is not good, or not any more. NotFound: when the upload was cancelled.
            TooLarge: for more bytes than were announced, Invalid for fewer.
            Unavailable: also while another request's bytes are being put in their place.
        """
        until, since, hm = signature
        if not self._links.is_good(self._path(file_id), until=until, since=since, signature=hm):
            raise Forbidden("This link is not valid, or not any more")
        file = await self._find(file_id)
        if file.state != FileState.EXPECTED:
            return  # it is there, and the answer that said so was lost
        if size is not None and size > file.size:
            raise TooLarge
        incoming = IncomingFile(index=0, name=file.filename, staged=await self._staging.create())
        try:
            async for chunk in body:
                if incoming.staged.size_bytes + len(chunk) > file.size:
                    raise TooLarge
                await incoming.write(chunk)
            if incoming.staged.size_bytes != file.size:
                raise Invalid(message=f"{incoming.staged.size_bytes} bytes came, and {file.size} were announced")
            await incoming.staged.finish()
            await self._keep(file, incoming)
        finally:
            incoming.staged.discard()

    async def cancel(self, user_id: int, name: str) -> None:
        """Remove an upload that no message has. Raises NotFound, also for somebody else's; Unavailable."""
        file_id = parse_upload_name(name)
        file = None if file_id is None else await self._store.files.find(file_id)
        if file is None or file.user_id != user_id or file.state not in _UNUSED:
            raise NotFound
        if not await self._files.give_up([file.id], unused_since_ms=file.expires_ms + 1):
            raise NotFound

    async def _keep(self, file: StoredFile, incoming: IncomingFile) -> None:
        facts = await self._files.examine(incoming.staged.path, bytes(incoming.head), file.filename)
        arrived = msgspec.structs.replace(
            file,
            content_type=facts.content_type,
            size=facts.size,
            width=facts.width,
            height=facts.height,
            expires_ms=self._rows.compute_expiry_ms(),
        )
        async with self._store.write(users=[file.user_id]) as tx:
            is_first = await tx.files.begin(file.id)
        if not is_first:
            if (await self._find(file.id)).state == FileState.EXPECTED:
                raise Unavailable  # the other request's bytes could not be put there
            return
        try:
            await self._files.put(arrived, incoming.staged.path)
            async with self._store.write(users=[file.user_id]) as tx:
                is_kept = await tx.files.store(arrived)
        except Unavailable:
            await self._expect_again(file)
            raise
        if not is_kept:  # it was cancelled meanwhile
            await self._files.remove_bytes(file)
            raise NotFound

    async def _find(self, file_id: int) -> StoredFile:
        """Find an upload that has come or may come. Raises NotFound, or Unavailable while it is put in its place."""
        file = await self._store.files.find(file_id)
        if file is None or file.state == FileState.GONE:
            raise NotFound
        if file.state == FileState.ARRIVING:
            raise Unavailable
        return file

    async def _expect_again(self, file: StoredFile) -> None:
        """Let the client try again. When that cannot be noted now, the client announces the file anew."""
        with contextlib.suppress(Unavailable):
            async with self._store.write(users=[file.user_id]) as tx:
                await tx.files.expect_again(file.id)

    def _show(self, form: UploadForm, file: StoredFile) -> UploadObject:
        return UploadObject(
            id=form.id,
            upload_url=self._links.sign(self._path(file.id), lifetime_s=self._rows.lifetime_s),
            upload_filename=name_upload(file.id, file.filename),
        )

    def _path(self, file_id: int) -> str:
        return f"{self._prefix}{UPLOAD_PATH}/{file_id}"
