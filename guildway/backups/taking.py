"""`guildway backup FOLDER`: a snapshot of a running or stopped server, beside those that are there already.

```
 database ─ one transaction ─→ copy, checked ─→ pieces ─┐
 files ─ those that no snapshot has ────────────────────┴─→ objects, then the snapshot
```

The database is copied first. Files are never changed, so those that it names are still there afterwards, but for files
of messages that were deleted meanwhile. Pages that were not written since the last snapshot make pieces that are there.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, TextIO

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.private_files import create_private
from core.store.sql.engine.backup import Contents, copy_pages
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import Snapshot, StoredFile
from guildway.data.data_files import DataFiles
from guildway.version import VERSION

_PIECE_BYTES: Final = 262_144
"""64 pages of SQLite. A smaller piece saves more between snapshots, and makes more objects."""


async def take_snapshot(data: DataFiles, shelf: Shelf, *, clock: Clock, out: TextIO) -> None:
    """Take a snapshot, and tell what it holds. Raises StartError, Unavailable and OSError."""
    if not data.database.is_file():
        raise StartError(
            f"there is no database {data.database}; say where the data is with --data "
            "(the operator's guide tells how a cluster is copied)"
        )
    before = await shelf.find_newest()
    # Names tell the order, also when the clock was set back.
    taken_ms = clock.now_ms() if before is None else max(clock.now_ms(), before[1].taken_ms + 1)
    contents, database = await _store_database(data, shelf)
    known = before[1].files if before is not None else {}
    files = {name: stored async for name, stored in _store_files(data, shelf, known)}
    snapshot = Snapshot(taken_ms=taken_ms, version=VERSION, contents=contents, database=database, files=files)
    name = await shelf.put_snapshot(snapshot)
    out.write(
        f"{name}: {describe(snapshot)}; {shelf.new_objects:,} new objects with {shelf.new_bytes:,} bytes in "
        f"{shelf.place}, checked\n"
    )


def describe(snapshot: Snapshot) -> str:
    """Tell what a snapshot holds."""
    held, size_bytes = snapshot.contents, sum(stored.size_bytes for stored in snapshot.files.values())
    size_bytes += sum(stored.size_bytes for stored in snapshot.database)
    return (
        f"{held.messages:,} messages, {held.users:,} users, {held.guilds:,} guilds, {len(snapshot.files):,} files, "
        f"schema {held.schema}, {size_bytes:,} bytes"
    )


async def _store_database(data: DataFiles, shelf: Shelf) -> tuple[Contents, tuple[StoredFile, ...]]:
    copy = shelf.name_new()
    create_private(copy)
    try:
        contents = await asyncio.to_thread(_copy, data.database, copy)
        return contents, tuple([await shelf.put(piece) for piece in _cut(copy)])
    finally:
        copy.unlink(missing_ok=True)


def _copy(database: Path, copy: Path) -> Contents:
    try:
        return copy_pages(database, copy)
    except Unavailable as error:
        raise StartError(f"the database {database} cannot be copied: {error.__cause__}") from error


def _cut(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


async def _store_files(
    data: DataFiles, shelf: Shelf, known: dict[str, StoredFile]
) -> AsyncIterator[tuple[str, StoredFile]]:
    for path in data.list_images():
        name = path.relative_to(data.images).as_posix()
        try:
            stored = known.get(name)
            if stored is None or not shelf.has(stored) or path.stat().st_size != stored.size_bytes:
                stored = await shelf.put_file(path)
        except FileNotFoundError:  # its message was deleted meanwhile
            continue
        yield name, stored
