"""`guildway backup FOLDER`: a snapshot of a running or stopped server, beside those that are there already.

```
 database ─ one transaction ─→ copy, checked ─→ pieces ─┐
 files ─ those that no snapshot has ────────────────────┴─→ objects, then the snapshot
```

The database is copied first. Files are never changed, so those that it names are still there afterwards, but for files
of messages that were deleted meanwhile. Pages that were not written since the last snapshot make pieces that are there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from core.runtime.clock import Clock
from core.runtime.private_files import create_private
from core.store.sql.engine.backup import Contents
from guildway.backups.originals import Original
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import Snapshot, StoredFile
from guildway.version import VERSION

_PIECE_BYTES: Final = 262_144
"""64 pages of SQLite. A smaller piece saves more between snapshots, and makes more objects."""


async def take_snapshot(original: Original, shelf: Shelf, *, clock: Clock, out: TextIO) -> None:
    """Take a snapshot, and tell what it holds. Raises StartError, Unavailable and OSError."""
    before = await shelf.find_newest()
    # Names tell the order, also when the clock was set back.
    taken_ms = clock.now_ms() if before is None else max(clock.now_ms(), before[1].taken_ms + 1)
    contents, database = await _store_database(original, shelf)
    known = before[1].files if before is not None else {}
    files = {name: stored async for name, stored in original.store_files(shelf, known)}
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


async def _store_database(original: Original, shelf: Shelf) -> tuple[Contents, tuple[StoredFile, ...]]:
    copy = shelf.name_new()
    create_private(copy)
    try:
        contents = await original.copy_database(copy)
        return contents, tuple([await shelf.put(piece) for piece in _cut(copy)])
    finally:
        copy.unlink(missing_ok=True)


def _cut(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
