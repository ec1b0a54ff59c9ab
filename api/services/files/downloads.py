"""Files on their way out: to whoever has a good link, whole or in part, as they are or as smaller pictures."""

from collections.abc import Mapping
from typing import Final

import msgspec

from api.services.files.file_links import FileLinks, path_of
from api.services.files.stored_files import StoredFiles, blob_of
from api.services.files.thumbnails import USUAL_QUALITY, Box, Thumbnail, Thumbnails
from core.domain.errors import NotFound, invalid_field
from core.domain.messages.attachment import FileState, StoredFile
from core.media.content_types import find_shown_type
from core.store.blob.interfaces import OpenBlob
from core.store.interfaces import Store

_FORMATS: Final[Mapping[str, str]] = {"webp": "WEBP", "png": "PNG", "jpeg": "JPEG", "jpg": "JPEG"}
_QUALITIES: Final[Mapping[str, int]] = {"lossless": 0, "high": 90, "low": 60}
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


class DownloadService:
    """Finds files by links."""

    __slots__ = ("_files", "_links", "_store", "_thumbnails")

    def __init__(self, *, store: Store, files: StoredFiles, links: FileLinks, thumbnails: Thumbnails) -> None:
        self._store = store
        self._files = files
        self._links = links
        self._thumbnails = thumbnails

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
        format_, quality = _parse_wish(wish)
        box = Box(width=wish.width, height=wish.height, format=format_, quality=quality)
        return await self._thumbnails.make(blob_of(file), box)


def shown_type_of(file: StoredFile) -> str | None:
    """Return the type under which a browser may show the file, None when it is only to be saved."""
    return find_shown_type(file.content_type)


def _parse_wish(wish: Wish) -> tuple[str, int]:
    format_ = _FORMATS.get(wish.format.lower()) if wish.format else ""
    if format_ is None:
        raise invalid_field("format", "BASE_TYPE_CHOICES", f"Value must be one of {tuple(_FORMATS)}.")
    if not wish.quality:
        return format_, USUAL_QUALITY
    quality = _QUALITIES.get(wish.quality, -1)
    if wish.quality.isascii() and wish.quality.isdigit() and len(wish.quality) <= 3:
        quality = int(wish.quality)
    if not 0 <= quality <= 100:
        raise invalid_field("quality", "BASE_TYPE_CHOICES", f"Value must be 1 to 100 or one of {tuple(_QUALITIES)}.")
    return format_, quality
