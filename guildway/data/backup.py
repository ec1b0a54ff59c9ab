"""`guildway backup FILE`: a copy of the data of a running or stopped server, in one file.

A FILE that ends in `.tar` holds the whole data folder, the database and people's files. Any other FILE holds the
database alone. The database is copied first. Files are never changed, so those that it names are still there
afterwards, but for files of messages that were deleted meanwhile.

The copy is written beside FILE under another name, checked, synced, and only then renamed: there is never half a FILE.
A backup takes no lock of the data folder, changes nothing in it and speaks to no server.
"""

import contextlib
import errno
import os
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.private_files import create_private, sync_file
from core.store.sql.engine.backup import Contents, copy_database
from guildway.data.data_files import DataFiles

ARCHIVE_SUFFIX: Final = ".tar"

_COMPRESSED: Final = (".gz", ".tgz", ".xz", ".bz2", ".zst", ".zip", ".7z")
"""Endings of compressed files. A backup is not compressed, so it must not have such a name."""

_NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""The errors of file systems without hard links (FAT, some network file systems)."""


def run_backup(data: DataFiles, target: Path, *, replaces: bool, out: TextIO) -> None:
    """Copy the data, and tell what the copy holds. `replaces` lets it replace an older one. Raises StartError."""
    is_archive = target.suffix.lower() == ARCHIVE_SUFFIX
    try:
        _check_places(data, target, replaces=replaces)
        with _written_beside(target, replaces=replaces) as part:
            contents, images = _write_archive(data, part) if is_archive else (_copy(data, part), 0)
    except OSError as error:
        raise StartError(f"no backup was made: {error.filename or target}: {error.strerror}") from error
    what = f"the database and {images:,} images" if is_archive else "the database, without the images"
    out.write(
        f"{target}: {what}; {contents.messages:,} messages, {contents.users:,} users, {contents.guilds:,} guilds, "
        f"schema {contents.schema}, {target.stat().st_size:,} bytes, checked\n"
    )


def _check_places(data: DataFiles, target: Path, *, replaces: bool) -> None:
    if not data.database.is_file():
        raise StartError(f"there is no database {data.database}; say where the data is with --data")
    if target.suffix.lower() in _COMPRESSED:
        raise StartError(f"a backup is not compressed: name a {ARCHIVE_SUFFIX}, and compress it afterwards")
    if target.is_dir():
        raise StartError(f"{target} is a folder; name a file in it")
    if not target.parent.is_dir():
        raise StartError(f"there is no folder {target.parent}")
    if data.is_own(target):
        raise StartError(f"{target} is the server's own; name a file outside the data folder")
    if target.exists() and not target.is_file():
        raise StartError(f"{target} is no regular file, and a backup would take its place; name another one")
    if os.path.lexists(target) and not replaces:
        raise StartError(f"{target} is there already; --force replaces it")


@contextmanager
def _written_beside(target: Path, *, replaces: bool) -> Iterator[Path]:
    """Give the body an empty file, which becomes `target` when the body ends well, and is removed otherwise."""
    part = _name_beside(target)
    create_private(part)
    try:
        yield part
        sync_file(part)
        if replaces:
            part.replace(target)
        else:
            _give_new_name(part, target)
        sync_file(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _give_new_name(part: Path, target: Path) -> None:
    """Give the file its new name, unless another file (of another backup) got that name meanwhile.

    The caller removes the old name.
    """
    try:
        target.hardlink_to(part)
    except FileExistsError as error:
        raise StartError(f"{target} has come meanwhile; --force replaces it") from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        part.replace(target)


def _name_beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


def _copy(data: DataFiles, copy: Path) -> Contents:
    try:
        return copy_database(data.database, copy)
    except Unavailable as error:
        raise StartError(f"the database {data.database} cannot be copied: {error.__cause__}") from error


def _write_archive(data: DataFiles, archive: Path) -> tuple[Contents, int]:
    """Copy the database and the images into a tar, and return how many images it holds as well."""
    database = _name_beside(archive)
    create_private(database)
    images = 0
    try:
        contents = _copy(data, database)
        # Links are followed, so that the archive is whole wherever it is unpacked.
        with tarfile.open(archive, "w", dereference=True) as tar:
            tar.add(database, data.database.name)
            for path in data.list_images():
                with contextlib.suppress(FileNotFoundError):  # its message was deleted meanwhile
                    tar.add(path, path.relative_to(data.images.parent))
                    images += 1
    finally:
        database.unlink(missing_ok=True)
    return contents, images
