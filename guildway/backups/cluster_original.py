"""A cluster, as a snapshot is taken of it while it runs: its database becomes one file of SQLite, as an embedded server
has.

```
 PostgreSQL ─ one transaction ──────────→ rows ─────┐
                                                    ├─→ a file of SQLite, checked ─→ names of files
 Cassandra ─ scanned, what is before the cut ───────┘            (in the bucket, or the shared folder)
```

*The cut* is an id: the moment just before PostgreSQL's transaction began. Messages and reactions after it are left out,
so no message is there whose channel, file or author is not. All that was answered before the command began is before
the cut, as long as the machines' clocks agree. A message that is edited or deleted while Cassandra is scanned is in the
snapshot as it was before, or as it is afterwards; so is a reaction that is taken away.

Pins are those of PostgreSQL. What tells of processes, and events that have been dispatched, is not copied.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.domain.errors import Unavailable
from core.domain.ids import snowflake_at
from core.domain.messages.reaction import recount
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.blob.identity import MARK
from core.store.sql.engine.backup import Contents, check_copy
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import StoredFile
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DataFiles
from guildway.data.migration import check_drivers, explained, quieten_drivers

if TYPE_CHECKING:  # the drivers may be missing
    from core.store.cassandra.scan import MessageScan
    from core.store.sql.moving.copied import CopiedDatabase

_BESIDE: Final = ("-wal", "-shm", "-journal")


class ClusterOriginal:
    """The servers of a cluster."""

    __slots__ = ("_clock", "_data", "_mark", "_names", "_settings")

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._data = DataFiles.in_folder(Path(settings.store.data_dir))
        self._mark: bytes | None = None
        self._names: list[str] = []

    async def copy_database(self, copy: Path) -> Contents:
        """Copy PostgreSQL at an instant, and of Cassandra what was before."""
        check_drivers()
        quieten_drivers()
        from core.store.sql.moving.copied import CopiedDatabase, list_blob_names  # noqa: PLC0415

        try:
            async with CopiedDatabase.make(copy) as database:
                cut = await self._copy_postgres(database)
                await self._copy_cassandra(database, cut)
                database.agree_on_pins()
                self._mark = database.forget_secret(MARK)
            self._names = list_blob_names(copy)
            return check_copy(copy)
        except Unavailable as error:
            raise StartError(f"the cluster cannot be copied: {error.__cause__}") from error
        finally:
            for suffix in _BESIDE:
                copy.with_name(copy.name + suffix).unlink(missing_ok=True)

    async def store_files(self, shelf: Shelf, known: Mapping[str, StoredFile]) -> AsyncIterator[tuple[str, StoredFile]]:
        """Store the files that the rows lead to."""
        settings = self._settings.files
        if not settings.s3_bucket and not self._data.images.is_dir():
            raise StartError(f"there is no folder {self._data.images}; the files of the cluster are in store.data_dir")
        blobs = await open_blobs(settings, self._data)
        if self._mark is not None and await blobs.find(MARK) != self._mark:
            raise StartError(
                "the files here are not those of the cluster's processes: set files.s3_bucket, or give the folder that "
                "they share in store.data_dir"
            )
        for name in self._names:
            stored = known.get(name)
            if stored is not None and shelf.has(stored):  # files are never changed
                yield name, stored
                continue
            blob = await blobs.open(name)
            if blob is None:  # its message was deleted meanwhile, or it was not uploaded yet
                continue
            with contextlib.closing(blob):
                stored = await shelf.put_stream(blob.read(0, blob.size_bytes))
            yield name, stored

    async def _copy_postgres(self, database: "CopiedDatabase") -> int:
        """Copy all rows, and return the cut."""
        from core.store.sql.moving.copied import COPIED_TABLES  # noqa: PLC0415
        from core.store.sql.moving.instant import open_instant  # noqa: PLC0415
        from core.store.sql.moving.source import MESSAGE_TABLES  # noqa: PLC0415

        has_cassandra = bool(self._settings.cassandra.contact_points)
        async with explained(self._settings), open_instant(self._settings.postgres.url) as instant:
            for table in (*COPIED_TABLES, *(() if has_cassandra else MESSAGE_TABLES)):
                async for rows in instant.list_rows(table):
                    database.put_rows(table, rows)
            return snowflake_at(instant.begun_ms)

    async def _copy_cassandra(self, database: "CopiedDatabase", cut: int) -> None:
        if not self._settings.cassandra.contact_points:
            return
        from core.store.cassandra.connection import open_scan  # noqa: PLC0415

        try:
            async with open_scan(self._settings.cassandra, clock=self._clock) as scan:
                await copy_messages(scan, database, cut)
        except Unavailable as error:
            raise StartError(f"Cassandra does not give all rows: {error.__cause__}") from error


async def copy_messages(scan: "MessageScan", database: "CopiedDatabase", cut: int) -> None:
    """Copy messages before the cut, their reactions, and the newest id of each channel. Raises Unavailable."""
    async for found in scan.list_messages():
        database.put_messages(message for message in found if message.id < cut)
    async for reacted in scan.list_reacted():
        before = [reaction for reaction in reacted.reactions if reaction.id < cut]
        if before and database.has_message(before[0].channel_id, before[0].message_id):
            database.put_reactions(before)
            # What was shown may be a moment older or newer than the reactions.
            database.put_counts(before[0].channel_id, before[0].message_id, recount(reacted.shown, before))
    async for channel_id, newest in scan.list_newest():
        database.put_newest(channel_id, newest, cut=cut)
