"""Smaller pictures, made when they are asked for; the newest ones are kept in memory.

So they take no room beside the files, and nothing has to be removed with them. Several who ask at once wait for one
making.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
from cachetools import LRUCache

from core.domain.errors import NotFound
from core.media.workers import PictureWorkers
from core.store.blob.interfaces import BlobStore

MAX_SIDE: Final = 4096
"""The largest side of a picture that is made smaller, in pixels, as Discord's."""
USUAL_QUALITY: Final = 80
_KEPT_BYTES: Final = 32 * 1024 * 1024


class Box(msgspec.Struct, kw_only=True, frozen=True):
    """What a picture is fitted into: sides in pixels, 0 for one that is open, Pillow's name of a format, "" for the
    picture's own, and a quality of 1 to 100, 0 for no loss.
    """

    width: int = 0
    height: int = 0
    format: str = ""
    quality: int = USUAL_QUALITY


class Thumbnail(msgspec.Struct, frozen=True):
    """A smaller picture."""

    data: bytes
    content_type: str


_Key = tuple[str, Box]


class Thumbnails:
    """Makes and keeps smaller pictures of stored files."""

    __slots__ = ("_blobs", "_kept", "_making", "_workers")

    def __init__(self, *, blobs: BlobStore, workers: PictureWorkers) -> None:
        self._blobs = blobs
        self._workers = workers
        self._kept: LRUCache[_Key, Thumbnail] = LRUCache(_KEPT_BYTES, getsizeof=lambda kept: len(kept.data))
        self._making: dict[_Key, asyncio.Task[Thumbnail | None]] = {}

    async def make(self, name: str, box: Box) -> Thumbnail:
        """Make a smaller picture of the file with this name. Raises NotFound, also for what is no picture; Unavailable.

        The sides of the box count up to `MAX_SIDE`.
        """
        key = name, msgspec.structs.replace(box, width=min(box.width, MAX_SIDE), height=min(box.height, MAX_SIDE))
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.get_running_loop().create_task(self._make(key))
            task.add_done_callback(lambda done: self._end(key, done))
        made = await asyncio.shield(task)
        if made is None:
            raise NotFound
        return made

    def _end(self, key: _Key, done: asyncio.Task[Thumbnail | None]) -> None:
        del self._making[key]
        made = None if done.cancelled() or done.exception() else done.result()
        if made is not None and len(made.data) < _KEPT_BYTES:
            self._kept[key] = made

    async def _make(self, key: _Key) -> Thumbnail | None:
        name, box = key
        target = self._blobs.staging.name_new()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            async with self._on_disk(name) as source:
                if source is None:
                    return None
                made = await self._workers.scale(
                    source, target, width=box.width, height=box.height, format_=box.format, quality=box.quality
                )
            if made.error:
                return None
            return Thumbnail(await asyncio.to_thread(target.read_bytes), f"image/{made.format.lower()}")
        finally:
            target.unlink(missing_ok=True)

    @contextlib.asynccontextmanager
    async def _on_disk(self, name: str) -> AsyncIterator[Path | None]:
        """Give a path of the file's bytes: where they are, or a copy. None when there is no file."""
        blob = await self._blobs.open(name)
        if blob is None:
            yield None
            return
        try:
            if blob.file is not None:
                yield Path(blob.file.name)
                return
            copy = await self._blobs.staging.create()
            try:
                async for piece in blob.read(0, blob.size_bytes):
                    await copy.write(piece)
                await copy.finish()
                yield copy.path
            finally:
                copy.discard()
        finally:
            blob.close()
