"""What a snapshot is taken of: an embedded server's data folder, or a cluster (`guildway.backups.cluster_original`)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Protocol

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.store.sql.engine.backup import Contents, copy_pages
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import StoredFile
from guildway.data.data_files import DataFiles


class Original(Protocol):
    """A server's data, which may be in use."""

    async def copy_database(self, copy: Path) -> Contents:
        """Write the database, as of one instant, into an empty file, and check it. It comes before the files.

        Raises:
            StartError: when it cannot be read. OSError: when the copy cannot be written.
        """

    def store_files(self, shelf: Shelf, known: Mapping[str, StoredFile]) -> AsyncIterator[tuple[str, StoredFile]]:
        """Store the files that are not on the shelf yet, and yield all with their paths.

        `known` is what the snapshot before has had. Raises StartError, Unavailable, OSError.
        """


class FolderOriginal:
    """An embedded server's data folder."""

    __slots__ = ("_data",)

    def __init__(self, data: DataFiles) -> None:
        self._data = data

    async def copy_database(self, copy: Path) -> Contents:
        """Copy the database page by page, in one transaction."""
        database = self._data.database
        if not database.is_file():
            raise StartError(
                f"there is no database {database}; say where the data is with --data, or --cluster for a cluster"
            )
        try:
            return await asyncio.to_thread(copy_pages, database, copy)
        except Unavailable as error:
            raise StartError(f"the database {database} cannot be copied: {error.__cause__}") from error

    async def store_files(self, shelf: Shelf, known: Mapping[str, StoredFile]) -> AsyncIterator[tuple[str, StoredFile]]:
        """Store the files of the folder."""
        for path in self._data.list_images():
            name = path.relative_to(self._data.images).as_posix()
            try:
                stored = known.get(name)
                if stored is None or not shelf.has(stored) or path.stat().st_size != stored.size_bytes:
                    stored = await shelf.put_file(path)
            except FileNotFoundError:  # its message was deleted meanwhile
                continue
            yield name, stored
