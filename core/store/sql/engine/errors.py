"""The one place in which errors of drivers become ours.

SQLite's errors are told by their classes, those of PostgreSQL by the two digits with which their SQLSTATE begins.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.domain.errors import Conflict, DomainError, Invalid, Unavailable

_BROKEN_CONSTRAINT = (IntegrityError, sqlite3.IntegrityError)
_AWAY = (DBAPIError, sqlite3.Error, OSError)
"""SQLAlchemy's other errors are mistakes in a statement, which must not look like a backend that is away. An OSError
(a TimeoutError is one) comes from a connection to a server."""

_DATA_STATES: Final = "22"
_CONSTRAINT_STATES: Final = "23"


@contextmanager
def translated() -> Iterator[None]:
    """Raise Conflict for a broken constraint, Invalid for a value that no column holds, Unavailable for the rest."""
    try:
        yield
    except _BROKEN_CONSTRAINT as error:
        raise Conflict from error
    except (OverflowError, UnicodeEncodeError) as error:
        # The value is an integer beyond 64 bits or half a surrogate pair, which no stored row can have.
        raise _invalid() from error
    except _AWAY as error:
        raise _meaning_of(error) from error


def find_state(error: BaseException) -> str:
    """Return the SQLSTATE of a driver's error, empty when it has none."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or ""


def _meaning_of(error: Exception) -> DomainError:
    state = find_state(error)
    if state.startswith(_CONSTRAINT_STATES):
        return Conflict()
    if state.startswith(_DATA_STATES) or (isinstance(error, DBAPIError) and _is_bad_value(error.orig)):
        return _invalid()
    return Unavailable()


def _is_bad_value(error: BaseException | None) -> bool:
    """Return whether the driver could not write a parameter in its column's type; asyncpg's error is a ValueError."""
    return isinstance(error, ValueError) or (error is not None and isinstance(error.__cause__, ValueError))


def _invalid() -> Invalid:
    return Invalid(message="Value out of range")


def reason_of(error: Unavailable) -> str:
    """Return the driver's own text, in one line."""
    cause = error.__cause__
    cause = cause.orig if isinstance(cause, DBAPIError) else cause
    return str(cause or error.text).partition("\n")[0]
