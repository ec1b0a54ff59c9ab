"""What becomes of snapshots that are there: they are listed, read to the end and compared, and the oldest removed."""

from typing import TextIO

from core.runtime.errors import StartError
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import Snapshot, StoredFile
from guildway.backups.taking import describe


async def list_snapshots(shelf: Shelf, out: TextIO) -> None:
    """Print a line for each snapshot, the oldest first. Raises StartError and Unavailable."""
    lines = [f"{name}: {describe(await shelf.find_snapshot(name))}\n" for name in await shelf.list_snapshots()]
    out.writelines(lines)


async def verify(shelf: Shelf, out: TextIO) -> None:
    """Read every object that a snapshot names, and compare it with its hash. Raises StartError and Unavailable."""
    names = await shelf.list_snapshots()
    if not names:
        raise StartError(f"{shelf.place} has no snapshot")
    objects: dict[str, StoredFile] = {}
    for name in names:
        objects |= {stored.sha256: stored for stored in list_objects(await shelf.find_snapshot(name))}
    size_bytes = 0
    for stored in objects.values():
        async for data in shelf.read(stored):
            size_bytes += len(data)
    out.write(f"{shelf.place}: {len(names):,} snapshots, {len(objects):,} objects, {size_bytes:,} bytes, all whole\n")


async def keep_newest(shelf: Shelf, count: int, out: TextIO) -> None:
    """Remove all snapshots but the newest `count`, then the objects that no other names.

    Raises:
        StartError: when a snapshot that stays is damaged. Unavailable.
    """
    names = await shelf.list_snapshots()
    old, kept = names[:-count], names[-count:]
    # What is kept is read before anything is removed: a damaged snapshot must not cost the objects that it names.
    named = {stored.sha256 for name in kept for stored in list_objects(await shelf.find_snapshot(name))}
    for name in old:
        await shelf.delete_snapshot(name)
    removed = await shelf.keep_objects(named)
    if old or removed:
        out.write(f"{shelf.place}: removed {len(old):,} older snapshots and {removed:,} objects\n")


def list_objects(snapshot: Snapshot) -> list[StoredFile]:
    """List the objects that a snapshot names."""
    return [*snapshot.database, *snapshot.files.values()]
