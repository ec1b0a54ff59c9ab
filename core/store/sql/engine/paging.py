"""Pages by ascending id: after an id, or the last ones before an id."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select

R = TypeVar("R")


class Page:
    """One page's bounds. With `before` and no `after` it is the last `limit` below it, still ascending."""

    __slots__ = ("_after", "_before", "_limit")

    def __init__(self, *, before: int | None, after: int | None, limit: int) -> None:
        self._before = before
        self._after = after
        self._limit = limit

    def apply(self, statement: Select[Any], key: ColumnElement[Any]) -> Select[Any]:
        """Return the statement with the bounds; its rows go through `ascending`."""
        if self._before is not None:
            statement = statement.where(key < self._before)
        if self._after is not None:
            statement = statement.where(key > self._after)
        return statement.order_by(key.desc() if self._is_from_end else key).limit(self._limit)

    def ascending(self, rows: Sequence[R]) -> Sequence[R]:
        """Return the rows by ascending key."""
        return rows[::-1] if self._is_from_end else rows

    @property
    def _is_from_end(self) -> bool:
        return self._before is not None and self._after is None
