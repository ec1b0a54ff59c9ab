"""Driver errors become ours here, and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, SQLAlchemyError

from core.domain.errors import Conflict, Invalid, Unavailable


@contextmanager
def translated(driver_error: type[Exception] = DBAPIError) -> Iterator[None]:
    """Raise Conflict for a broken constraint, Invalid for an impossible value, Unavailable for the rest.

    `driver_error` is the driver's own root of errors, for calls that go past SQLAlchemy.
    """
    try:
        yield
    except IntegrityError as error:
        raise Conflict from error
    except OverflowError as error:
        # An integer beyond 64 bits has no place in any column, so nothing with it can exist.
        raise Invalid(message="Number out of range") from error
    except (SQLAlchemyError, driver_error) as error:
        if _is_our_mistake(error):
            raise
        raise Unavailable from error


def _is_our_mistake(error: Exception) -> bool:
    """A statement that could never work must not look like a backend that is away."""
    return isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError | InterfaceError)
