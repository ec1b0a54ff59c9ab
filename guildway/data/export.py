"""`guildway export`: what the server has of one person or one guild, as files that need no server to be read.

docs/export.md describes them. Nothing is changed, and the server may run: all rows are read in one transaction. A
cluster's rows come into a database of that one owner first (`guildway.data.cluster_export`). The manifest comes last,
so a folder without one is not whole.
"""

from enum import StrEnum
from pathlib import Path
from typing import Final, TextIO

import msgspec

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from core.store.blob.interfaces import BlobStore
from core.store.sql.moving.exported import OF_GUILD, OF_USER, Choices, Exported, open_for_export
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DataFiles
from guildway.version import VERSION

MANIFEST: Final = "manifest.json"
FILES: Final = "files"


class Kind(StrEnum):
    """Whose data it is."""

    USER = "user"
    GUILD = "guild"


async def run_export(
    kind: Kind, owner: int, target: Path, *, data: DataFiles, settings: FileSettings, out: TextIO
) -> None:
    """Write the export of an embedded server's data into a new folder. Raises StartError."""
    if not data.database.is_file():
        raise StartError(
            f"there is no database {data.database}; say where the data is with --data, or --cluster for a cluster"
        )
    if data.is_own(target):
        raise StartError(f"{target} is the server's own; name a folder outside the data folder")
    await write_export(kind, owner, target, database=data.database, blobs=await open_blobs(settings, data), out=out)


async def write_export(kind: Kind, owner: int, target: Path, *, database: Path, blobs: BlobStore, out: TextIO) -> None:
    """Write the export of what a database has into a new folder. Raises StartError."""
    try:
        with open_for_export(database, choices_of(kind), owner) as exported:
            if not exported.has(f"{kind}s"):
                raise StartError(f"there is no {kind} {owner}")
            rows = _write_rows(exported, target)
            names = exported.list_blob_names()
        count = await _write_files(blobs, names, target / FILES)
        manifest = {"kind": kind, "id": str(owner), "version": VERSION, "rows": rows, "files": count}
        (target / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    except FileExistsError as error:
        raise StartError(f"{target} is there already; name a new folder") from error
    except OSError as error:
        raise StartError(f"{error.filename or target} cannot be written: {error.strerror}") from error
    except Unavailable as error:
        raise StartError(f"a file cannot be read: {error.__cause__}") from error
    out.write(f"{target}: {sum(rows.values()):,} rows, {count:,} files of the {kind} {owner}\n")


def choices_of(kind: Kind) -> Choices:
    """Return the tables that have a say, each with what chooses its rows."""
    return OF_USER if kind is Kind.USER else OF_GUILD


def _write_rows(exported: Exported, target: Path) -> dict[str, int]:
    target.mkdir(mode=0o700)
    counts = {}
    for table in exported.tables:
        count = 0
        with (target / f"{table}.jsonl").open("wb") as file:
            for row in exported.list_rows(table):
                file.write(row + b"\n")
                count += 1
        counts[table] = count
    return counts


async def _write_files(blobs: BlobStore, names: list[str], folder: Path) -> int:
    count = 0
    for name in names:
        blob = await blobs.open(name)
        if blob is None:  # its message was deleted meanwhile
            continue
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with path.open("wb") as file:
                async for piece in blob.read(0, blob.size_bytes):
                    file.write(piece)
        finally:
            blob.close()
        count += 1
    return count
