"""The data folder of a process, held by one process at a time.

Two processes on one SQLite file would both think they are its only writer. The lock is the kernel's (flock on a file in
the folder), so it ends with the process however that ends; the process number in the file is for the error's text only.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from core.runtime.errors import StartError

LOCK_NAME: Final = "guildway.lock"


class DataDir:
    """The folder, made if need be and locked from construction until `close`."""

    __slots__ = ("_lock", "path")

    def __init__(self, path: Path) -> None:
        """Raises StartError when the folder cannot be used or another process holds it."""
        self.path = path.resolve()
        try:
            # Message contents and password hashes lie here: nobody else's business on a shared machine.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"the data folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise StartError(f"the data folder {self.path} is in use by process {holder}") from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    @property
    def lock_path(self) -> Path:
        """While this file stays where it is, nobody else can have the folder."""
        return self.path / LOCK_NAME

    def close(self) -> None:
        """Let the next process have it. The file stays: removing it would race with whoever locks it now."""
        os.close(self._lock)
