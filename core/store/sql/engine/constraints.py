"""Unique constraints as the last word on what is taken, and the field of a form that each of them stands for.

Two units that do not name a common owner may take one name at the same time. No check before the write can see the
other unit's row, but the database's constraint does, so its error is made the field's. PostgreSQL names the constraint.
SQLite names the columns, of which the schema's naming convention makes the name (`core.store.sql.schema.metadata`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from core.domain.errors import Conflict, FieldError, Invalid

_SQLITE_COLUMNS: Final = re.compile(r"UNIQUE constraint failed: (\w+)\.(.+)")


@contextmanager
def taken(fields: Mapping[str, FieldError]) -> Iterator[None]:
    """Raise Invalid with the field of the unique constraint that is broken inside; `fields` are keyed by its name."""
    try:
        yield
    except Conflict as error:
        field = fields.get(find_constraint(error.__cause__))
        if field is None:
            raise
        raise Invalid(field) from error


def find_constraint(error: BaseException | None) -> str:
    """Return the name of the unique constraint that a driver's error is about; empty for any other error.

    `error` is the driver's own, or SQLAlchemy's around it.
    """
    while error is not None:
        name: str | None = getattr(error, "constraint_name", None)
        if name:
            return name
        columns = _SQLITE_COLUMNS.fullmatch(str(error))
        if columns is not None:
            table, rest = columns.groups()
            return f"uq_{table}_{rest.replace(f', {table}.', '_')}"
        error = getattr(error, "orig", None) or error.__cause__
    return ""
