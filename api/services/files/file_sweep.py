"""The removal of files that nothing refers to: deleted messages' files, uploads that no message took, what a process
that died has left half done.

Deletions are heard on the bus, and their files go at the next turn. What was not heard is found by looking: files whose
time is over at each turn, and all others a page at each turn, from the oldest to the newest and again.

    CLAIMED, its time over ─ a message has it ──→ USED                 USED, no message has it ──→ removed
                           └ none has ──────────→ removed              EXPECTED, STORED, GONE, time over ──→ removed

Each turn has one of avatars, banners and icons, too (`stored_pictures`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from api.services.files.stored_files import StoredFiles
from api.services.files.stored_pictures import StoredPictures
from core.bus.interfaces import Bus, Delivery
from core.domain.errors import DomainError
from core.domain.events import MESSAGE_DELETE, MESSAGE_DELETE_BULK
from core.domain.ids import snowflake_at
from core.domain.messages.attachment import FileState, StoredFile
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.store.blob.staging import Staging
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_PAGE: Final = 100
_MOST_HEARD: Final = 100_000
"""The deletions that wait. Older ones are forgotten, and their files found by looking."""
_DELETIONS: Final = frozenset({MESSAGE_DELETE, MESSAGE_DELETE_BULK})
_STAGED_GRACE_S: Final = 60.0


class _Deleted(msgspec.Struct):
    """The part of both events that names the messages."""

    id: str | None = None
    ids: list[str] = []


_decode: Final = msgspec.json.Decoder(_Deleted).decode


class FileSweep:
    """The sweep of one process. In a cluster one process at a time runs it."""

    __slots__ = (
        "_bus",
        "_clock",
        "_cursor",
        "_files",
        "_heard",
        "_interval_s",
        "_lifetime_s",
        "_pictures",
        "_staging",
        "_store",
    )

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        files: StoredFiles,
        pictures: StoredPictures,
        staging: Staging,
        clock: Clock,
        interval_s: float,
        lifetime_s: float,
    ) -> None:
        """`interval_s` is the time between turns, `lifetime_s` that of a file that no message has."""
        self._store = store
        self._bus = bus
        self._files = files
        self._pictures = pictures
        self._staging = staging
        self._clock = clock
        self._interval_s = interval_s
        self._lifetime_s = lifetime_s
        self._cursor = 0
        """The last file that was looked at."""
        self._heard: deque[msgspec.Raw] = deque(maxlen=_MOST_HEARD)

    async def run(self, is_held: Callable[[], bool] = lambda: True) -> None:
        """Sweep again and again, until cancelled; only while `is_held` says that this process is the one to do it."""
        self._bus.subscribe(self._on_delivery)
        while True:
            await asyncio.sleep(self._interval_s)
            if not is_held():
                self._heard.clear()
                continue
            try:
                await self.sweep()
            except DomainError as error:
                logger.warning("files could not be swept", extra={"reason": error.text})

    async def sweep(self) -> int:
        """Do one turn, and return how many files were removed. Raises Unavailable."""
        removed = await self._remove_heard()
        removed += await self._remove_expired()
        removed += await self._look_further()
        removed += await self._pictures.sweep()
        await self._staging.sweep(older_than_s=self._lifetime_s + _STAGED_GRACE_S)
        if removed:
            logger.info("files that nothing referred to were removed", extra={"files": removed})
        return removed

    def _on_delivery(self, delivery: Delivery) -> None:
        if delivery.envelope.event in _DELETIONS:
            self._heard.append(delivery.envelope.payload)

    async def _remove_heard(self) -> int:
        removed = 0
        while self._heard:
            deleted = _decode(self._heard.popleft())
            ids = [int(each) for each in (*deleted.ids, *(() if deleted.id is None else (deleted.id,)))]
            files = await self._store.files.list_of_messages(ids)
            removed += await self._files.give_up([file.id for file in files if not await self._is_used(file)])
        return removed

    async def _remove_expired(self) -> int:
        removed, seen = 0, -1
        while removed != seen:
            seen = removed
            now_ms = self._clock.now_ms()
            expired = await self._store.files.list_expired(now_ms=now_ms, limit=_PAGE)
            unused = [file.id for file in expired if not await self._settle(file)]
            removed += await self._files.give_up(unused, unused_since_ms=now_ms)
        return removed

    async def _look_further(self) -> int:
        """Look at the next page of all files."""
        page = await self._store.files.list_after(self._cursor, limit=_PAGE)
        self._cursor = page[-1].id if len(page) == _PAGE else 0
        lost = [file for file in page if file.message_id and not await self._settle(file)]
        return await self._files.give_up([file.id for file in lost])

    async def _settle(self, file: StoredFile) -> bool:
        """Tell whether a file is to stay; note it as used when a message has it. One that is being sent stays."""
        if file.state not in (FileState.CLAIMED, FileState.USED):
            return False
        if file.state == FileState.USED:
            return await self._is_used(file)
        if file.expires_ms > self._clock.now_ms():
            return True
        if file.message_id:
            message_id = file.message_id if await self._is_used(file) else 0
        else:
            message_id = await self._find_message(file)
        if message_id:
            async with self._store.write() as tx:
                await tx.files.use([file.id], message_id=message_id)
        return bool(message_id)

    async def _is_used(self, file: StoredFile) -> bool:
        if await self._store.channels.find(file.channel_id) is None:
            return False
        message = await self._store.messages.find(file.channel_id, file.message_id)
        return message is not None and _has(message, file)

    async def _find_message(self, file: StoredFile) -> int:
        """Find the message that a file was sent with, which came after it and before its time was over; 0 if none."""
        if await self._store.channels.find(file.channel_id) is None:
            return 0
        after, last = file.id, snowflake_at(file.expires_ms)
        while True:
            page = await self._store.messages.list_page(file.channel_id, after=after, limit=_PAGE)
            for message in page:
                if _has(message, file):
                    return message.id
            if len(page) < _PAGE or page[0].id > last:
                return 0
            after = page[0].id


def _has(message: Message, file: StoredFile) -> bool:
    shown = message.attachments if message.forward is None else message.forward.attachments
    return any(each.id == file.id for each in shown)
