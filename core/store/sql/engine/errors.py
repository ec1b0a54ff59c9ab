"""The one place in which errors of drivers become ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.domain.errors import Conflict, Invalid, Unavailable

_BROKEN_CONSTRAINT = (IntegrityError, sqlite3.IntegrityError)
_AWAY = (DBAPIError, sqlite3.Error)
"""SQLAlchemy's other errors are mistakes in a statement, which must not look like a backend that is away."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise Conflict for a broken constraint, Invalid for a value that no column holds, Unavailable for the rest."""
    try:
        yield
    except _BROKEN_CONSTRAINT as error:
        raise Conflict from error
    except (OverflowError, UnicodeEncodeError) as error:
        # The value is an integer beyond 64 bits or half a surrogate pair, which no stored row can have.
        raise Invalid(message="Value out of range") from error
    except _AWAY as error:
        raise Unavailable from error


def reason_of(error: Unavailable) -> str:
    """Return the driver's own text, in one line."""
    cause = error.__cause__
    cause = cause.orig if isinstance(cause, DBAPIError) else cause
    return str(cause or error.text).partition("\n")[0]
