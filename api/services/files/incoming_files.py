"""The files of one request, while they come and until a message has them.

The request's reader (`api.http.html_forms`) hands each file over in pieces. When the first one begins, its sender's
right to attach files is checked, so nobody else fills the disk. The request's end discards what no message has taken.
"""

import re
from typing import Final

from api.services.entity_cache import EntityCache
from api.services.files.attachment_forms import check_count
from api.services.files.filenames import clean_filename
from core.domain.errors import TooLarge
from core.domain.guilds.permissions import Permission
from core.domain.texts import ATTACHMENT_TITLE
from core.media.content_types import HEAD_BYTES
from core.store.blob.staging import StagedFile, Staging

ATTACH_FILES: Final = int(Permission.ATTACH_FILES)
_FIELD: Final = re.compile(r"files?\[?([0-9]{1,9})\]?")


class IncomingFile:
    """One file on the local disk."""

    __slots__ = ("filename", "head", "index", "staged", "title")

    def __init__(self, *, index: int, name: str, staged: StagedFile) -> None:
        self.index = index
        """The number by which the request's JSON names it."""
        self.filename = clean_filename(name)
        self.title = _find_title(name, self.filename)
        self.staged = staged
        self.head = bytearray()
        """The first bytes, up to `HEAD_BYTES`."""

    async def write(self, data: bytes | bytearray) -> None:
        """Append. Raises Unavailable."""
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]
        await self.staged.write(data)


def _find_title(name: str, filename: str) -> str | None:
    """Return the name as people read it, None when the file has it. It is a text like the `title` of a request."""
    title = ATTACHMENT_TITLE.clean(name)[: ATTACHMENT_TITLE.max_length]
    return title if title not in ("", filename) else None


class IncomingFiles:
    """The files of one request."""

    __slots__ = ("_channel_id", "_entities", "_max_bytes", "_staging", "_user_id", "files")

    def __init__(
        self, *, user_id: int, channel_id: int, entities: EntityCache, staging: Staging, max_bytes: int
    ) -> None:
        """`max_bytes` bounds each file."""
        self._user_id = user_id
        self._channel_id = channel_id
        self._entities = entities
        self._staging = staging
        self._max_bytes = max_bytes
        self.files: list[IncomingFile] = []

    async def begin(self, field: str, filename: str) -> None:
        """Begin a file.

        Raises:
            UnknownChannel, MissingAccess, Forbidden: when the sender may not attach files there.
            LimitReached: when it is the eleventh. Unavailable.
        """
        if not self.files:
            access = await self._entities.text_access(self._user_id, self._channel_id)
            access.require(ATTACH_FILES)
        check_count(len(self.files) + 1)
        match = _FIELD.fullmatch(field)
        taken = {file.index for file in self.files}
        index = int(match[1]) if match is not None else len(self.files)
        if index in taken:
            index = max(taken) + 1
        self.files.append(IncomingFile(index=index, name=filename, staged=await self._staging.create()))

    async def write(self, data: bytes | bytearray) -> None:
        """Append to the file that was begun last. Raises TooLarge, Unavailable."""
        file = self.files[-1]
        if file.staged.size_bytes + len(data) > self._max_bytes:
            raise TooLarge
        await file.write(data)

    async def end(self) -> None:
        """End the file that was begun last. Raises Unavailable."""
        await self.files[-1].staged.finish()

    def discard(self) -> None:
        """Remove what was not taken."""
        for file in self.files:
            file.staged.discard()


class FileIntake:
    """Begins the files of requests that send or edit messages."""

    __slots__ = ("_entities", "_max_bytes", "_staging")

    def __init__(self, *, entities: EntityCache, staging: Staging, max_bytes: int) -> None:
        self._entities = entities
        self._staging = staging
        self._max_bytes = max_bytes

    def begin(self, user_id: int, channel_id: int) -> IncomingFiles:
        """Return the files of a request, none of which has come."""
        return IncomingFiles(
            user_id=user_id,
            channel_id=channel_id,
            entities=self._entities,
            staging=self._staging,
            max_bytes=self._max_bytes,
        )
