"""`guildway restore`: a backup becomes the data folder of a server, here or on another machine.

The folder is empty before, and holds a mark until everything is in its place and on the disk. The server does not start
on a folder with that mark. So after a kill the folder is what it was for the server: nothing. The same command, given
again, does all of it anew. The database comes last.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, TextIO

from core.domain.errors import Unavailable
from core.runtime.data_dir import LOCK_NAME, DataDir
from core.runtime.errors import StartError
from core.runtime.private_files import create_private, sync_file
from core.store.sql.engine.backup import Contents, check_copy
from guildway.backups.sources import BackupSource
from guildway.data.data_files import BEING_WRITTEN, DataFiles

_PART: Final = f"{BEING_WRITTEN}restored"


async def restore(source: BackupSource, folder: Path, out: TextIO) -> None:
    """Fill a folder, and tell what it holds.

    Raises:
        StartError: when the folder is not empty or in use, or the backup is damaged.
    """
    lock = DataDir(folder)
    try:
        files = DataFiles.in_folder(lock.path)
        _begin(files, source.name)
        count = 0
        async for name, content in source.list_files():
            await _restore_file(files.images / name, content)
            count += 1
        contents = await restore_database(files.database, source)
        files.restoring.unlink()
        sync_file(lock.path)
    except OSError as error:
        raise StartError(f"nothing was restored: {error.filename or folder}: {error.strerror}") from error
    finally:
        lock.close()
    out.write(
        f"{folder}: {contents.messages:,} messages, {contents.users:,} users, {contents.guilds:,} guilds, {count:,} "
        f"files, schema {contents.schema}, of {source.name}, compared\n"
    )


def _begin(files: DataFiles, name: str) -> None:
    folder, mark = files.database.parent, files.restoring
    if mark.exists():
        begun = mark.read_text()
        if begun not in ("", name):
            raise StartError(f"{folder} has an unfinished restore of {begun}: finish that one, or empty the folder")
    others = {path.name for path in folder.iterdir()} - {LOCK_NAME, mark.name}
    if others and not mark.exists():
        raise StartError(f"{folder} is not empty ({min(others)}); name a new folder")
    # A kill between the two leaves an empty mark in a folder that has nothing else.
    if not mark.exists():
        create_private(mark)
    mark.write_text(name)
    sync_file(mark)
    files.images.mkdir(mode=0o700, exist_ok=True)
    sync_file(folder)


async def _restore_file(path: Path, content: AsyncIterator[bytes]) -> None:
    """Write a file under another name, and give it its own when it is whole."""
    _make_folder(path.parent)
    part = path.with_name(f"{path.name}{_PART}")
    part.unlink(missing_ok=True)
    await _write(part, content)
    part.replace(path)
    sync_file(path.parent)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        sync_file(folder.parent)


async def _write(part: Path, content: AsyncIterator[bytes]) -> None:
    create_private(part)
    with part.open("wb") as file:
        async for data in content:
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


async def restore_database(database: Path, source: BackupSource) -> Contents:
    """Write the backup's database, and check it. Raises StartError when it is not whole, and OSError."""
    part = database.with_name(f"{database.name}{_PART}")
    part.unlink(missing_ok=True)
    await _write(part, source.read_database())
    try:
        contents = check_copy(part)
    except Unavailable as error:
        raise StartError(f"the database of {source.name} is not whole: {error.__cause__}") from error
    part.replace(database)
    sync_file(database.parent)
    return contents
