"""Files for their owner alone: messages and password hashes are not for other users of the machine."""

import os
from collections.abc import Iterable
from pathlib import Path

_OWNER_ALONE = 0o600


def create_private(path: Path) -> None:
    """Make an empty file. Raises FileExistsError and other OSErrors."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ALONE))


def keep_private(paths: Iterable[Path]) -> None:
    """Take others' rights to the files that exist. Raises OSErrors."""
    for path in paths:
        if path.exists() and path.stat().st_mode & 0o077:
            path.chmod(_OWNER_ALONE)


def sync_file(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk. Raises OSErrors."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
