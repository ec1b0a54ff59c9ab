"""Avatars, banners and icons and their rows: kept, and removed when nobody shows them any more.

A row is there before the bytes and goes after them, as with files (`api.services.files.stored_files`). Nobody is told
when an entity shows another picture, or is gone. The sweep looks, and a picture that it has found unused stays for a
grace time: a page may still be open that shows it, and whoever has just brought one is about to show it. So the sweep
has no need to know how far a request has come that was cut off.
"""

import logging
from collections.abc import Collection
from typing import Final

from api.services.files.quotas import Quotas
from core.domain.errors import Unavailable
from core.domain.picture import Picture
from core.runtime.clock import Clock
from core.store.blob.interfaces import BlobStore
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_PAGE: Final = 100


class StoredPictures:
    """The pictures in the store and in the blob store. In a cluster one process at a time sweeps."""

    __slots__ = ("_blobs", "_clock", "_cursor", "_grace_ms", "_quotas", "_store")

    def __init__(self, *, store: Store, blobs: BlobStore, quotas: Quotas, clock: Clock, grace_s: float) -> None:
        """`grace_s` is the time for which a picture stays that nobody shows any more."""
        self._store = store
        self._blobs = blobs
        self._quotas = quotas
        self._clock = clock
        self._grace_ms = int(grace_s * 1000)
        self._cursor = ("", "")
        """The last picture that was looked at, of those that were shown."""

    async def put(self, folder: str, name: str, data: bytes, content_type: str, *, user_id: int, guild_id: int) -> None:
        """Keep a picture that a user has brought, which an entity is about to show.

        Raises:
            QuotaReached
            Unavailable: also while an equal picture is being removed.
        """
        picture = Picture(
            folder=folder,
            name=name,
            user_id=user_id,
            guild_id=guild_id,
            size=len(data),
            unused_since_ms=self._clock.now_ms(),
        )
        async with self._store.write(users=[user_id], guilds=self._quotas.list_owners(guild_id)) as tx:
            known = await tx.pictures.find(folder, name)
            more = picture.size - (0 if known is None else known.size)
            await self._quotas.require_room(tx, more, user_id=user_id, guild_id=guild_id)
            if not await tx.pictures.begin(picture):
                raise Unavailable("an equal picture is being removed")
        await self._blobs.put(picture.blob, data, content_type)

    async def sweep(self) -> int:
        """Do one turn, and return how many pictures were removed. Raises Unavailable."""
        removed, is_full = 0, True
        while is_full:
            now_ms = self._clock.now_ms()
            unused = await self._store.pictures.list_unused(before_ms=now_ms - self._grace_ms, limit=_PAGE)
            is_full = len(unused) == _PAGE
            removed += await self._end(unused)
        await self._look_further()
        if removed:
            logger.info("pictures that nobody shows were removed", extra={"pictures": removed})
        return removed

    async def _end(self, unused: Collection[Picture]) -> int:
        """Remove pictures whose time is over, but for those that are shown; return how many."""
        shown = await self._store.pictures.find_shown([each for each in unused if not each.is_gone])
        rest = [each for each in unused if each not in shown]
        async with self._store.write() as tx:
            await tx.pictures.note_shown(shown)
            gone = await tx.pictures.retire(rest)
        for picture in gone:
            await self._blobs.delete(picture.blob)
        if gone:
            async with self._store.write() as tx:
                await tx.pictures.delete(gone)
        return len(gone)

    async def _look_further(self) -> None:
        """Look at the next page of pictures that were shown."""
        page = await self._store.pictures.list_shown_after(*self._cursor, limit=_PAGE)
        self._cursor = (page[-1].folder, page[-1].name) if len(page) == _PAGE else ("", "")
        shown = await self._store.pictures.find_shown(page)
        unused = [each for each in page if each not in shown]
        if unused:
            async with self._store.write() as tx:
                await tx.pictures.note_unused(unused, now_ms=self._clock.now_ms())
