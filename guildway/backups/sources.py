"""What a restore reads: a snapshot of a shelf, or a file that `guildway backup FILE` has made."""

import hashlib
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from guildway.backups.places import is_shelf, open_shelf
from guildway.backups.shelf import Shelf
from guildway.backups.snapshots import Snapshot, check_path
from guildway.data.backup import ARCHIVE_SUFFIX
from guildway.data.data_files import BLOB_FOLDER, DATABASE_NAME

_READ_BYTES: Final = 1 << 20
_NAME_DIGITS: Final = 16


class BackupSource(Protocol):
    """A backup that is being read. All methods raise StartError for what is damaged."""

    @property
    def name(self) -> str:
        """What names this backup and no other."""

    def read_database(self) -> AsyncIterator[bytes]:
        """Yield the database."""

    def list_files(self) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Yield the path of each file and its content, which is read before the next one is asked for."""


class SnapshotSource:
    """A snapshot."""

    __slots__ = ("_shelf", "_snapshot", "name")

    def __init__(self, shelf: Shelf, name: str, snapshot: Snapshot) -> None:
        self._shelf = shelf
        self._snapshot = snapshot
        self.name = name

    async def read_database(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the database."""
        for stored in self._snapshot.database:
            async for data in self._shelf.read(stored):
                yield data

    async def list_files(self) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Yield the files."""
        for path, stored in self._snapshot.files.items():
            yield path, self._shelf.read(stored)


class FileSource:
    """A database alone, or an archive of the data folder."""

    __slots__ = ("_archive", "_path", "name")

    def __init__(self, path: Path, archive: tarfile.TarFile | None) -> None:
        self._path = path
        self._archive = archive
        found = path.stat()
        digest = hashlib.sha256(f"{found.st_size} {found.st_mtime_ns}".encode()).hexdigest()
        self.name = f"{path.name} ({digest[:_NAME_DIGITS]})"

    async def read_database(self) -> AsyncIterator[bytes]:
        """Yield the database."""
        with self._open(DATABASE_NAME) as file:
            for data in _read(file):
                yield data

    async def list_files(self) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Yield the files."""
        for member in self._archive or ():
            folder, _, path = member.name.partition("/")
            if folder != BLOB_FOLDER or not member.isreg():
                continue
            check_path(path)
            yield path, self._read_member(member)

    async def _read_member(self, member: tarfile.TarInfo) -> AsyncIterator[bytes]:
        with self._open(member) as file:
            for data in _read(file):
                yield data

    def _open(self, member: tarfile.TarInfo | str) -> IO[bytes]:
        """Open a member. By its name it is looked for among all of them."""
        if self._archive is None:
            return self._path.open("rb")
        try:
            file = self._archive.extractfile(member)
        except KeyError:
            file = None
        if file is None:
            raise StartError(f"{self._path} has no {member if isinstance(member, str) else member.name}")
        return file


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_READ_BYTES):
        yield data


@asynccontextmanager
async def open_source(place: str, snapshot: str | None, settings: FileSettings) -> AsyncIterator[BackupSource]:
    """Open a backup: of a shelf the newest snapshot unless one is named. Raises StartError."""
    if is_shelf(place):
        async with open_shelf(place, settings, is_made=False) as shelf:
            names = await shelf.list_snapshots()
            if not names:
                raise StartError(f"{place} has no snapshot")
            name = snapshot or names[-1]
            yield SnapshotSource(shelf, name, await shelf.find_snapshot(name))
        return
    if snapshot is not None:
        raise StartError(f"--snapshot names one of a folder or a bucket, and {place} is neither")
    path = Path(place)
    if not path.is_file():  # noqa: ASYNC240 - a command has nothing else to do
        raise StartError(f"there is no backup {place}")
    if path.suffix.lower() != ARCHIVE_SUFFIX:
        yield FileSource(path, None)
        return
    try:
        with tarfile.open(path) as archive:
            yield FileSource(path, archive)
    except tarfile.TarError as error:
        raise StartError(f"{place} cannot be read: {error}") from error
