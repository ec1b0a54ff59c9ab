"""Files on their way out: to whoever has a good link, whole or in part, as they are or as smaller pictures.

A smaller picture is made when it is asked for, and the newest ones are kept in memory. So they take no room beside the
files, and nothing has to be removed with them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from cachetools import LRUCache

from api.services.files.file_links import FileLinks, path_of
from api.services.files.stored_files import StoredFiles
from core.domain.attachment import FileState, StoredFile
from core.domain.errors import NotFound, invalid_field
from core.media.content_types import find_shown_type
from core.media.workers import PictureWorkers
from core.store.blob.interfaces import OpenBlob
from core.store.blob.staging import Staging
from core.store.interfaces import Store

MAX_SIDE: Final = 4096
"""The largest side of a picture that is made smaller, in pixels, as Discord's."""
_KEPT_BYTES: Final = 32 * 1024 * 1024
_FORMATS: Final[Mapping[str, str]] = {"webp": "WEBP", "png": "PNG", "jpeg": "JPEG", "jpg": "JPEG"}
_QUALITIES: Final[Mapping[str, int]] = {"lossless": 0, "high": 90, "low": 60}
_USUAL_QUALITY: Final = 80
_GIF: Final = "image/gif"


class Link(msgspec.Struct, frozen=True):
    """What proves that a request may have a file."""

    until: str
    since: str
    signature: str


class Wish(msgspec.Struct, kw_only=True, frozen=True):
    """The picture that a client wants. Without size and format it is the file itself."""

    width: int = 0
    height: int = 0
    format: str = ""
    quality: str = ""
    is_animated: bool = False

    @property
    def is_whole(self) -> bool:
        """True for the file as it is."""
        return self.is_animated or not (self.width or self.height or self.format)


class Thumbnail(msgspec.Struct, frozen=True):
    """A smaller picture."""

    data: bytes
    content_type: str


_Key = tuple[int, int, int, str, int]


class DownloadService:
    """Finds files by links."""

    __slots__ = ("_files", "_kept", "_links", "_making", "_staging", "_store", "_workers")

    def __init__(
        self, *, store: Store, files: StoredFiles, links: FileLinks, workers: PictureWorkers, staging: Staging
    ) -> None:
        self._store = store
        self._files = files
        self._links = links
        self._workers = workers
        self._staging = staging
        self._kept: LRUCache[_Key, Thumbnail] = LRUCache(_KEPT_BYTES, getsizeof=lambda kept: len(kept.data))
        self._making: dict[_Key, asyncio.Task[Thumbnail]] = {}

    async def find(self, channel_id: int, file_id: int, filename: str, link: Link) -> StoredFile:
        """Find a file. Raises NotFound, also when the link is not good or its time is over; Unavailable."""
        path = path_of(channel_id, file_id, filename)
        if not self._links.is_good(path, until=link.until, since=link.since, signature=link.signature):
            raise NotFound("This content is no longer available.")
        file = await self._store.files.find(file_id)
        if file is None or file.channel_id != channel_id or file.state == FileState.GONE:
            raise NotFound
        return file

    def find_age_s(self, link: Link) -> int:
        """Return for how long a cache may keep what a good link leads to."""
        return self._links.find_rest_s(link.until)

    async def open(self, file: StoredFile) -> OpenBlob:
        """Open the file's bytes, which the caller closes. Raises NotFound, Unavailable."""
        blob = await self._files.open(file)
        if blob is None:
            raise NotFound
        return blob

    async def make_thumbnail(self, file: StoredFile, wish: Wish) -> Thumbnail | None:
        """Make a smaller picture; None when the file itself is wanted, or is none that can be made smaller.

        Raises:
            Invalid: for a format or quality that is not made. NotFound, Unavailable.
        """
        if wish.is_whole or not file.width or (file.content_type == _GIF and not wish.format):
            return None
        key = (file.id, min(wish.width, MAX_SIDE), min(wish.height, MAX_SIDE), *_parse_wish(wish))
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.get_running_loop().create_task(self._make(file, key))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, file: StoredFile, key: _Key) -> Thumbnail:
        _, width, height, format_, quality = key
        target = self._staging.name_new()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            async with self._on_disk(file) as source:
                made = await self._workers.scale(
                    source, target, width=width, height=height, format_=format_, quality=quality
                )
            if made.error:
                raise NotFound
            thumbnail = Thumbnail(await asyncio.to_thread(target.read_bytes), f"image/{made.format.lower()}")
        finally:
            target.unlink(missing_ok=True)
        if len(thumbnail.data) < _KEPT_BYTES:
            self._kept[key] = thumbnail
        return thumbnail

    @contextlib.asynccontextmanager
    async def _on_disk(self, file: StoredFile) -> AsyncIterator[Path]:
        """Give a path of the file's bytes: where they are, or a copy."""
        blob = await self.open(file)
        try:
            if blob.file is not None:
                yield Path(blob.file.name)
                return
            copy = await self._staging.create()
            try:
                async for piece in blob.read(0, blob.size_bytes):
                    await copy.write(piece)
                await copy.finish()
                yield copy.path
            finally:
                copy.discard()
        finally:
            blob.close()


def shown_type_of(file: StoredFile) -> str | None:
    """Return the type under which a browser may show the file, None when it is only to be saved."""
    return find_shown_type(file.content_type)


def _parse_wish(wish: Wish) -> tuple[str, int]:
    format_ = _FORMATS.get(wish.format.lower()) if wish.format else ""
    if format_ is None:
        raise invalid_field("format", "BASE_TYPE_CHOICES", f"Value must be one of {tuple(_FORMATS)}.")
    if not wish.quality:
        return format_, _USUAL_QUALITY
    quality = _QUALITIES.get(wish.quality, -1)
    if wish.quality.isascii() and wish.quality.isdigit() and len(wish.quality) <= 3:
        quality = int(wish.quality)
    if not 0 <= quality <= 100:
        raise invalid_field("quality", "BASE_TYPE_CHOICES", f"Value must be 1 to 100 or one of {tuple(_QUALITIES)}.")
    return format_, quality
