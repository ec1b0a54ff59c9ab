"""The check whether the database's files are still those that were opened.

A file that is moved, removed or replaced stays open in this process: commits go on to work, into a file that has no
name. So the open file is compared with the one that has its name now, before each commit (a few microseconds beside an
fsync) and at each check of the store's health. A difference is a fault until the process starts again, even if the file
comes back, because it may have changed meanwhile.

SQLite leaves the write-ahead log of a replaced database, and would read it into the new one. So that log is moved
aside, by its name only: a process that has it open goes on reading it.
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
    """The watch over the files of one database, made when the database is open."""

    __slots__ = ("_fault", "_log", "_path", "_seen", "_watched")

    def __init__(self, path: Path | None, beside: Sequence[Path] = ()) -> None:
        """`path` is the database's file, None when there is none; `beside` are others that must stay (the folder's
        lock)."""
        self._fault: str | None = None
        self._path = path
        self._log = _find_log(path)
        self._watched = [each for each in (path, self._log, *beside) if path is not None and each is not None]
        self._seen: dict[Path, _Identity] = {}
        """Note a file that is not known yet, when it is seen first."""
        self.find_fault()

    @property
    def last_fault(self) -> str | None:
        """The fault that the last check has found; None when there was none."""
        return self._fault

    def find_fault(self) -> str | None:
        """Check the files; return the fault in a few words, None when they are those that were opened."""
        if self._fault is None:
            self._fault = next(filter(None, map(self._look_at, self._watched)), None)
            if self._fault is not None:
                logger.error(
                    "nothing is written any more", extra={"reason": self._fault, "aside": self._save_the_new()}
                )
        return self._fault

    def end(self) -> None:
        """Check once more, before the last connection closes, with which SQLite removes the log."""
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
        """Move the log away from a database that is not its own; return its new place."""
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
    # SQLite keeps the log at the target of a link.
    database = path.resolve()
    return database.with_name(database.name + _LOG_SUFFIX)


def _identify(path: Path) -> _Identity | None:
    """Return the identity of a file, None when there is none. Raises OSError when the disk does not tell."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
