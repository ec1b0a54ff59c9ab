"""Bulk inserts and look-ups with few statements, which are always the same.

SQLAlchemy's `executemany` costs microseconds a row for work that the hot path need not do, and SQLite gives the
interpreter away at each row that it steps over, which a busy loop takes long to give back. So rows go in by statements
of 32, 8, 2 and 1 rows: a handful of steps for any number of rows, and few enough texts that the driver keeps all of
them prepared.

The statements are SQLAlchemy's, compiled for the dialect; the parameters are the driver's own: no booleans, no JSON.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Insert, bindparam
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.elements import ClauseElement

from core.store.sql.engine.sqlite_driver import Step

_SIZES: Final = (32, 8, 2, 1)
"""Rows of a statement. Compiling one costs about 0.2 ms a row, once."""

Row = Sequence[Any]


class Bulk:
    """A statement over `size` rows, compiled once for each size."""

    __slots__ = ("_by_size", "_dialect", "_make")

    def __init__(self, make: Callable[[int], ClauseElement], dialect: Dialect) -> None:
        """`make(size)` returns the statement; its parameters, in their order, are those of the rows."""
        self._make = make
        self._dialect = dialect
        self._by_size: dict[int, str] = {}

    def steps(self, rows: Sequence[Row]) -> Iterator[Step]:
        """Return the statements for these rows, in their order."""
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                yield Step(self._sql(size), tuple(chain.from_iterable(rows[start : start + size])))
                start += size

    def _sql(self, size: int) -> str:
        sql = self._by_size.get(size)
        if sql is None:
            sql = self._by_size[size] = str(self._make(size).compile(dialect=self._dialect))
        return sql


def bulk_insert(insert: Insert, columns: Sequence[str], size: int) -> Insert:
    """Make the insert of `size` rows, whose values are parameters in the order of `columns`."""
    return insert.values([{column: bindparam(f"{column}_{row}") for column in columns} for row in range(size)])
