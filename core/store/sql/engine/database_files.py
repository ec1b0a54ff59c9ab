"""Whether the database's files are still those that were opened.

A file that is moved, removed or replaced stays open in this process: commits go on to work and are in no file that
anybody finds again. So what was opened is compared with what has its name now, before each commit (a few microseconds
beside an fsync) and whenever somebody asks how the store is. Once they differ it stays so until the process is started
again, even if the file comes back: nobody can tell what was done to it meanwhile.

SQLite leaves the write-ahead log of a database that was replaced, and would read it into the one that took its place.
So that log is moved aside, by its name only: a process that has it open goes on reading it.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

_LOG_SUFFIX: Final = "-wal"
_ASIDE_SUFFIX: Final = ".of-the-replaced-database"

_Identity = tuple[int, int]


class DatabaseFiles:
    """Watches the files of one database; made when the database is open."""

    __slots__ = ("_fault", "_log", "_path", "_seen", "_watched")

    def __init__(self, path: Path | None, beside: Sequence[Path] = ()) -> None:
        """`path` is the database's file, None when there is none; `beside` are others that must stay (the folder's
        lock)."""
        self._fault: str | None = None
        self._path = path
        self._log = _find_log(path)
        self._watched = [each for each in (path, self._log, *beside) if path is not None and each is not None]
        self._seen: dict[Path, _Identity] = {}
        """A file that is not there yet is known from when it is seen first."""
        self.find_fault()

    @property
    def last_fault(self) -> str | None:
        """The fault that the last look has found; None when there was none."""
        return self._fault

    def find_fault(self) -> str | None:
        """Look at the files: what is wrong with them, in a few words; None when they are those that were opened."""
        if self._fault is None:
            self._fault = next(filter(None, map(self._look_at, self._watched)), None)
            if self._fault is not None:
                logger.error(
                    "nothing is written any more", extra={"reason": self._fault, "aside": self._save_the_new()}
                )
        return self._fault

    def end(self) -> None:
        """Look once more: SQLite removes the log itself when the last connection is closed, which comes next."""
        self.find_fault()
        self._watched.clear()

    def _look_at(self, path: Path) -> str | None:
        try:
            found = _identify(path)
        except OSError:
            return None  # a disk that does not answer says nothing of the file
        if found is None:
            return f"{path.name} is gone: start the server again" if path in self._seen else None
        if self._seen.setdefault(path, found) == found:
            return None
        return f"{path.name} was replaced while the server ran: start it again"

    def _save_the_new(self) -> str:
        """Move the log from beside a database that is not its own; where it is now."""
        path, log = self._path, self._log
        if path is None or log is None:
            return ""
        try:
            has_moved_in = _identify(path) not in (None, self._seen.get(path))
            if not has_moved_in or _identify(log) not in self._seen.values():
                return ""
            return str(log.rename(log.with_name(log.name + _ASIDE_SUFFIX)))
        except OSError as error:
            return f"{log} could not be moved: {error.strerror}"


def _find_log(path: Path | None) -> Path | None:
    if path is None:
        return None
    # SQLite has it where a link leads to.
    database = path.resolve()
    return database.with_name(database.name + _LOG_SUFFIX)


def _identify(path: Path) -> _Identity | None:
    """None when there is no such file. Raises OSError when that cannot be told."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
