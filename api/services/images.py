"""Pictures that come inside JSON: avatars, icons, banners, as `data:image/png;base64,…`.

The first bytes of a picture decide its type, not its address. A picture is stored upright and without metadata
(`core.media`), and its name is a hash of its content, with `a_` in front for moving pictures, as clients expect. What
cannot be read as a picture is refused, and so is one of too many pixels. Smaller ones are made when clients ask for a
size; of moving pictures only when they ask for one that stands still. What nobody shows any more is removed
(`api.services.files.stored_pictures`).
"""

import asyncio
import base64
import binascii
import hashlib
import re
from typing import Final

from api.services.files.stored_pictures import StoredPictures
from api.services.files.thumbnails import Box, Thumbnails
from core.domain.errors import invalid_field
from core.media.workers import PictureWorkers
from core.store.blob.interfaces import BlobStore

MAX_IMAGE_BYTES: Final = 8 * 1024 * 1024
IMAGE_BODY_BYTES: Final = 12 * 1024 * 1024
"""The body's bound of routes that take a picture: base64 makes four bytes of three, and JSON stands around them."""

_DATA_ADDRESS: Final = re.compile(r"data:image/[a-z+.-]+;base64,", re.IGNORECASE)

_FORMATS: Final = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
_STILL: Final = frozenset({"png", "jpg", "jpeg"})
"""Extensions that ask for a picture that stands still."""

HASH: Final = re.compile(r"(?:a_)?[0-9a-f]{32}")
"""The names that `store` returns."""


class ImageService:
    """Stores and finds pictures."""

    __slots__ = ("_blobs", "_pictures", "_thumbnails", "_workers")

    def __init__(
        self, *, pictures: StoredPictures, blobs: BlobStore, workers: PictureWorkers, thumbnails: Thumbnails
    ) -> None:
        self._pictures = pictures
        self._blobs = blobs
        self._workers = workers
        self._thumbnails = thumbnails

    async def store(self, data: str, *, folder: str, field: str, user_id: int, guild_id: int = 0) -> str:
        """Keep a picture as `folder/hash`, and return the hash. `user_id` has brought it, for a guild or for none.

        Raises:
            Invalid: names `field`. QuotaReached. Unavailable.
        """
        picture = parse_data_address(data, field)
        content_type = find_image_type(picture)
        cleaned = None if content_type is None else await self._clean(picture, content_type)
        if content_type is None or cleaned is None:
            raise invalid_field(field, "IMAGE_INVALID", "Invalid image data. Use PNG, JPEG, GIF or WebP.")
        picture = cleaned
        prefix = "a_" if is_moving(picture) else ""
        name = prefix + hashlib.sha256(picture).hexdigest()[:32]
        await self._pictures.put(folder, name, picture, content_type, user_id=user_id, guild_id=guild_id)
        return name

    async def copy(self, name: str, *, source: str, folder: str, user_id: int, guild_id: int) -> bool:
        """Keep a stored picture of the folder `source` in another folder as well; tell whether it was there.

        `user_id` and `guild_id` are as in `store`. Raises QuotaReached, Unavailable.
        """
        picture = await self._blobs.find(f"{source}/{name}")
        if picture is None:
            return False
        content_type = find_image_type(picture) or "application/octet-stream"
        await self._pictures.put(folder, name, picture, content_type, user_id=user_id, guild_id=guild_id)
        return True

    async def _clean(self, picture: bytes, content_type: str) -> bytes | None:
        """Return the picture upright and without metadata; None when it cannot be read."""
        staged, target = await self._blobs.staging.create(), self._blobs.staging.name_new()
        try:
            await staged.write(picture)
            await staged.finish()
            outcome = await self._workers.clean(staged.path, target, content_type)
            return None if outcome.error else await asyncio.to_thread(target.read_bytes)
        finally:
            staged.discard()
            target.unlink(missing_ok=True)

    async def find(self, folder: str, name: str, size: int = 0) -> tuple[bytes, str] | None:
        """Find a picture and its content type. `name` is the hash, with any extension or none.

        With a size the picture is fitted into a square of it, in the format of the extension, and without one it is as
        it was stored. Raises NotFound, Unavailable.
        """
        stem, _, extension = name.partition(".")
        if not HASH.fullmatch(stem):
            return None
        if size and (not stem.startswith("a_") or extension in _STILL):
            thumbnail = await self._thumbnails.make(
                f"{folder}/{stem}", Box(width=size, height=size, format=_FORMATS.get(extension, ""))
            )
            return thumbnail.data, thumbnail.content_type
        picture = await self._blobs.find(f"{folder}/{stem}")
        if picture is None:
            return None
        return picture, find_image_type(picture) or "application/octet-stream"


def parse_data_address(data: str, field: str) -> bytes:
    """Return the bytes of a `data:` address. Raises Invalid that names `field`."""
    match = _DATA_ADDRESS.match(data)
    if match is None:
        raise invalid_field(field, "IMAGE_INVALID", "Expected data:image/png;base64,… or the like.")
    if len(data) - match.end() > MAX_IMAGE_BYTES * 4 // 3 + 4:
        raise invalid_field(field, "BINARY_TYPE_MAX_SIZE", f"File cannot be larger than {MAX_IMAGE_BYTES} bytes.")
    try:
        return base64.b64decode(data[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise invalid_field(field, "IMAGE_INVALID", "Invalid base64.") from None


def find_image_type(data: bytes) -> str | None:
    """Return the content type by the first bytes, None for anything but PNG, JPEG, GIF and WebP."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_moving(data: bytes) -> bool:
    """Tell whether the picture is animated: a looping GIF, or a WebP or PNG with an animation chunk near its start."""
    head = data[:4096]
    if data.startswith(b"GIF"):
        return b"NETSCAPE2.0" in head
    if data.startswith(b"RIFF"):
        return b"ANIM" in head
    return data.startswith(b"\x89PNG") and b"acTL" in head
