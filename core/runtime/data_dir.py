"""The data folder, which one process at a time holds.

Two processes on one SQLite file would both think that they are its only writer. The lock is the kernel's (flock on a
file in the folder), so it ends with the process in every case. The process number in the file is only for the error's
text. The address of the API is there for commands: two servers of one machine differ by their flags, which a command
does not know, and the copy of a server has its keys.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from core.runtime.errors import StartError

LOCK_NAME: Final = "guildway.lock"


_NOTE_BYTES: Final = 4096


class DataInUse(StartError):
    """Another process holds the folder. `api_url` is what it has told of its API, or ""."""

    def __init__(self, message: str, *, api_url: str) -> None:
        super().__init__(message)
        self.api_url = api_url


def find_holder(folder: Path) -> str | None:
    """Return the number of the process that holds a folder, None when it is free. Nothing is made or changed.

    The lock is tried for an instant, in which a process that starts would be refused. Raises OSError.
    """
    try:
        lock = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_note(lock)[0]
    finally:
        os.close(lock)
    return None


def _read_note(lock: int) -> tuple[str, str]:
    """Return the number of the process that holds the lock, and the address of its API."""
    holder, _, api_url = os.pread(lock, _NOTE_BYTES, 0).decode(errors="replace").partition("\n")
    return holder.strip() or "unknown", api_url.strip()


class DataDir:
    """The folder, which is created when it is missing, and locked from construction until `close`."""

    __slots__ = ("_lock", "path")

    def __init__(self, path: Path) -> None:
        """Raises StartError when the folder cannot be used, DataInUse when another process holds it."""
        self.path = path.resolve()
        try:
            # The folder holds messages and password hashes, which other users of the machine must not read.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"the data folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder, api_url = _read_note(self._lock)
            os.close(self._lock)
            raise DataInUse(f"the data folder {self.path} is in use by process {holder}", api_url=api_url) from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def tell_api(self, url: str) -> None:
        """Write down where this process answers the API, for commands that are given the folder."""
        os.pwrite(self._lock, f"{os.getpid()}\n{url}\n".encode(), 0)

    @property
    def lock_path(self) -> Path:
        """The lock file. While it stays in its place, no other process can have the folder."""
        return self.path / LOCK_NAME

    def close(self) -> None:
        """Unlock the folder. The file stays, because its removal would race with a process that locks it now."""
        os.close(self._lock)
