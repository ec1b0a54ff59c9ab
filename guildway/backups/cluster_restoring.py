"""`guildway restore --cluster`: a backup becomes the data of an empty cluster.

The backup's database comes into a temporary folder first, and is brought up to date there. Then it goes the way of
`guildway import-embedded`: files, messages, and all other rows in one transaction at the end, each read back and
compared. So a cluster has people only when it has everything else; a restore that was killed is begun anew, with
`--replace` when it had begun to write into Cassandra.
"""

import tempfile
from pathlib import Path
from typing import Final, TextIO

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.blob.identity import MARK
from core.store.blob.interfaces import BlobStore
from core.store.sql.engine.dialect import connect_sqlite
from core.store.sql.schema.migrate import migrate
from guildway.backups.restoring import restore_database
from guildway.backups.sources import BackupSource
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DATABASE_NAME, DataFiles
from guildway.data.embedded_import import fill_cluster
from guildway.data.image_copy import CopiedImages
from guildway.data.migration import check_drivers

_TYPE: Final = "application/octet-stream"


async def restore_cluster(
    source: BackupSource, settings: Settings, *, replaces: bool, clock: Clock, out: TextIO
) -> None:
    """Fill the cluster of the settings, and tell for each part what was compared.

    Raises:
        StartError: when the cluster is not empty or cannot be used, or the backup is damaged. NewerSchemaError: when it
            was taken by a newer version.
    """
    check_drivers()
    try:
        with tempfile.TemporaryDirectory(prefix="guildway-restore-") as folder:
            database = Path(folder) / DATABASE_NAME
            await restore_database(database, source)
            await _prepare(database)

            async def move_files() -> CopiedImages:
                target = DataFiles.in_folder(Path(settings.store.data_dir))
                target.images.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                return await store_files(source, await open_blobs(settings.files, target))

            await fill_cluster(
                database, move_files, settings, replaces=replaces, clock=clock, out=out, with_secrets=True
            )
    except OSError as error:
        raise StartError(f"nothing was restored: {error.filename}: {error.strerror}") from error
    out.write(f"everything of {source.name} is in the cluster; start its processes on an empty Redis\n")


async def _prepare(database: Path) -> None:
    """Bring the database up to date, and take out what is of the servers that it was copied from."""
    engine = connect_sqlite(str(database))
    try:
        await migrate(engine)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM secrets WHERE name = ?", (MARK,))
    except Unavailable as error:
        raise StartError(f"the backup's database cannot be brought up to date: {error.__cause__}") from error
    finally:
        await engine.dispose()


async def store_files(source: BackupSource, blobs: BlobStore) -> CopiedImages:
    """Put a backup's files into a store of files. Raises StartError, OSError."""
    count = size_bytes = 0
    try:
        async for name, content in source.list_files():
            if "/" not in name:  # the mark of a store, which the new one has for itself
                continue
            staged = await blobs.staging.create()
            try:
                async for data in content:
                    await staged.write(data)
                await staged.finish()
                await blobs.put_file(name, staged.path, _TYPE)
                await _check_size(blobs, name, staged.size_bytes)
            finally:
                staged.discard()
            count += 1
            size_bytes += staged.size_bytes
    except ValueError as error:
        raise StartError(f"the backup has a file that no server has made: {error}") from error
    except Unavailable as error:
        raise StartError(f"a file cannot be stored: {error.__cause__}") from error
    return CopiedImages(count, size_bytes)


async def _check_size(blobs: BlobStore, name: str, size_bytes: int) -> None:
    blob = await blobs.open(name)
    if blob is None:
        raise StartError(f"the file {name} was not stored")
    blob.close()
    if blob.size_bytes != size_bytes:
        raise StartError(f"the file {name} was not stored as a whole")
