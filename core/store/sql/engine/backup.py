"""Backups: a copy of a SQLite database as of one instant, while a server writes to it.

`VACUUM INTO` reads in one transaction of its own. Later commits go into the write-ahead log and do not disturb it, so
it ends on a busy server too; SQLite's online backup in steps begins anew at each commit of another process. The copy
has all requests that were answered before it began, because an answer comes after its commit.

A second kind of copy leaves each page where it is, so that two of them differ in the pages that were written in between
alone. It is SQLite's online backup in one step, which reads in one transaction as well.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from core.domain.errors import Unavailable

_BUSY_TIMEOUT_S: Final = 30.0


class Contents(msgspec.Struct, kw_only=True, frozen=True):
    """The counts of rows that the check of a copy has found."""

    schema: str
    users: int
    guilds: int
    messages: int


def copy_database(source: Path, target: Path) -> Contents:
    """Copy and check. `target` is an empty file, whose content is useless when this raises.

    Raises:
        Unavailable: either cannot be read or written, or the copy is not whole; the cause tells which.
    """
    try:
        # The mode is read and write, though nothing is written: the last connection to close removes the log.
        with closing(sqlite3.connect(_address(source, "mode=rw"), uri=True, timeout=_BUSY_TIMEOUT_S)) as database:
            database.isolation_level = None
            _read_schema(database)
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise Unavailable from error
    return check_copy(target)


def copy_pages(source: Path, target: Path) -> Contents:
    """Copy page by page, in place, and check. As `copy_database`, but for the pages that the database does not use."""
    try:
        with (
            closing(sqlite3.connect(_address(source, "mode=rw"), uri=True, timeout=_BUSY_TIMEOUT_S)) as database,
            closing(sqlite3.connect(target)) as copy,
        ):
            _read_schema(database)
            copy.execute("PRAGMA synchronous = OFF")  # who calls waits for the disk, when all is written
            database.backup(copy, pages=-1)
    except sqlite3.Error as error:
        raise Unavailable from error
    return check_copy(target)


def check_copy(copy: Path) -> Contents:
    """Check that a database which nobody writes to is whole, and count what it holds. Raises Unavailable."""
    try:
        with closing(sqlite3.connect(_address(copy, "mode=ro&immutable=1"), uri=True)) as database:
            return _check(database)
    except sqlite3.Error as error:
        raise Unavailable from error


def find_schema(database: Path) -> str:
    """Return the schema of a database, also of a server that runs. Raises Unavailable."""
    try:
        with closing(sqlite3.connect(_address(database, "mode=rw"), uri=True, timeout=_BUSY_TIMEOUT_S)) as opened:
            return _read_schema(opened)
    except sqlite3.Error as error:
        raise Unavailable from error


def _address(path: Path, query: str) -> str:
    return f"{path.absolute().as_uri()}?{query}"


def _check(copy: sqlite3.Connection) -> Contents:
    faults = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
    if faults != ["ok"]:
        raise sqlite3.DatabaseError(f"the copy is not whole: {faults[0]}")
    users, guilds, messages = copy.execute(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM guilds), (SELECT count(*) FROM messages)"
    ).fetchone()
    return Contents(schema=_read_schema(copy), users=users, guilds=guilds, messages=messages)


def _read_schema(database: sqlite3.Connection) -> str:
    row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it has no schema")
    return str(row[0])
