"""The files of a data folder: their places, their rights (the owner's alone), and checks that they can be used."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.runtime.errors import StartError
from core.runtime.private_files import create_private, keep_private

DATABASE_NAME: Final = "guildway.db"
BLOB_FOLDER: Final = "files"

_RESTORING: Final = "guildway.restoring"

BEING_WRITTEN: Final = "#"
"""The mark in the names of images that are not finished, obstore's too. Such a file may disappear at any time."""

_BESIDE_DATABASE: Final = ("-wal", "-shm", "-journal")
"""Endings of files that SQLite creates with the rights of the database. Older ones may have other rights."""


class DataFiles(msgspec.Struct, kw_only=True, frozen=True):
    """The paths in a data folder."""

    database: Path
    images: Path

    @classmethod
    def in_folder(cls, folder: Path) -> "DataFiles":
        """Name the files of a folder. They need not exist."""
        return cls(database=folder / DATABASE_NAME, images=folder / BLOB_FOLDER)

    @property
    def restoring(self) -> Path:
        """The mark of a restore that is not finished (`guildway.backups.restoring`)."""
        return self.database.with_name(_RESTORING)

    def refuse_unfinished(self) -> None:
        """Raise StartError when a restore into the folder was not finished."""
        if self.restoring.exists():
            raise StartError(
                f"a restore into {self.database.parent} was not finished: give the command again, or empty the folder"
            )

    def list_database(self) -> list[Path]:
        """List the database, or what its link leads to, and the files that SQLite keeps beside it."""
        database = self.database.resolve()
        return [database, *(database.with_name(database.name + suffix) for suffix in _BESIDE_DATABASE)]

    def is_own(self, path: Path) -> bool:
        """Tell whether `path` is among the server's files: in the folder itself, or anywhere in the folder of images.

        The name and the target of its links both count, since either can be replaced.
        """
        folder, images = self.database.parent.resolve(), self.images.resolve()
        places = (path.resolve(), path.parent.resolve() / path.name)
        return any(
            place in self.list_database() or place.parent == folder or place.is_relative_to(images) for place in places
        )

    def list_images(self) -> Iterator[Path]:
        """List all images and other files of people, also those in folders that are links to another disk.

        A running server may remove one at any time, also before the caller has opened it.

        Raises:
            OSError: when a folder cannot be read, or an entry is no regular file.
        """
        if not os.path.lexists(self.images):
            return  # The server of this database never ran, or has an older version.

        def fail(error: OSError) -> None:
            raise error

        for folder, folders, names in os.walk(self.images, onerror=fail, followlinks=True):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if BEING_WRITTEN in name:
                    continue
                try:
                    found = path.stat()
                except FileNotFoundError:
                    if path.is_symlink():  # it leads to nothing, and would be missing in what the caller makes
                        raise
                    continue
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(errno.EINVAL, "is no regular file", str(path))
                yield path

    def make_database_private(self) -> None:
        """Create the database for its owner alone, or remove others' rights to it, even in a folder that all may use.

        This comes before the database is opened.

        Raises:
            StartError: when that fails.
        """
        files = self.list_database()
        try:
            if not files[0].exists():
                create_private(files[0])
            keep_private(files)
        except OSError as error:
            raise StartError(
                f"the database {self.database} cannot be made its owner's alone: {error.strerror}"
            ) from error
        # SQLite would open a read-only file, and refuse each write.
        for path in (files[0].parent, *files):
            _check_usable(path)

    def prepare_images(self) -> None:
        """Create the folder of images if it is missing, remove others' rights to it, and check that it can be written.

        A mounted folder of another user, to which this one may write, keeps its rights. Raises StartError.
        """
        try:
            self.images.mkdir(mode=0o700, exist_ok=True)
            found = self.images.stat()
            if found.st_uid == os.geteuid() and found.st_mode & 0o077:
                self.images.chmod(0o700)
            for path in (self.images, *(path for path in self.images.iterdir() if path.is_dir())):
                _check_usable(path)
        except OSError as error:
            raise StartError(f"the folder of images {self.images} cannot be used: {error.strerror}") from error


def _check_usable(path: Path) -> None:
    """Raise StartError when `path` exists and this process may not read and write it."""
    mode = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    if path.exists() and not os.access(path, mode, effective_ids=True):
        raise StartError(f"{path} may not be read and written by the server's user")
