"""Statements that are built and compiled once, and run on the driver.

Building a statement and running it through SQLAlchemy costs some hundred microseconds for any statement. The reads that
every request makes, and those that must see one instant together, are `Query` constants: SQLAlchemy writes the SQL for
the dialect and converts parameters and results; only its execution is left out. A list of ids (`IN`) that is read often
has `Places`. Other lists, and updates of the fields that a caller names, use SQLAlchemy as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import Select

from core.store.sql.engine.sqlite_driver import Step

Rows = list[Sequence[Any]]
_Convert = Callable[[Any], Any]


class Query:
    """A SELECT with named parameters (`bindparam`)."""

    __slots__ = ("statement",)

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement


class CompiledQuery:
    """A query in one dialect."""

    __slots__ = ("_binders", "_constants", "_converters", "_names", "_sql")

    def __init__(self, query: Query, dialect: Dialect) -> None:
        compiled = query.statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("not a statement of SQL")
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._constants = dict(compiled.params)
        self._binders = _present(
            {name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in self._names}
        )
        self._converters = _present(
            {
                index: column.type.dialect_impl(dialect).result_processor(dialect, None)
                for index, column in enumerate(query.statement.selected_columns)
            }
        )

    def step(self, parameters: Mapping[str, Any]) -> Step:
        """Return the statement with these parameters."""
        values = {**self._constants, **parameters}
        for name, bind in self._binders.items():
            values[name] = bind(values[name])
        return Step(self._sql, [values[name] for name in self._names])

    def convert(self, rows: Sequence[Sequence[Any]]) -> Rows:
        """Convert the driver's rows to our values."""
        if not self._converters:
            return list(rows)
        converted: Rows = []
        for row in rows:
            values = list(row)
            for index, convert in self._converters.items():
                values[index] = convert(values[index])
            converted.append(values)
        return converted


class QueryCache:
    """The compiled queries of one store."""

    __slots__ = ("_compiled", "_dialect")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[Query, CompiledQuery] = {}

    def compiled(self, query: Query) -> CompiledQuery:
        """Return the query in the store's dialect."""
        found = self._compiled.get(query)
        if found is None:
            found = self._compiled[query] = CompiledQuery(query, self._dialect)
        return found


def _present(converters: Mapping[Any, _Convert | None]) -> dict[Any, _Convert]:
    return {key: convert for key, convert in converters.items() if convert is not None}
