"""A list of values in a statement that is compiled once: `x IN (:id_0, :id_1, …)`.

A statement has a fixed number of places, so it is made in a few sizes. Free places hold NULL, which nothing equals.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam


class Places:
    """A fixed number of parameters for the values of one list."""

    __slots__ = ("_names", "size")

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        self._names = [f"{name}_{number}" for number in range(size)]

    @property
    def parameters(self) -> list[BindParameter[Any]]:
        """The parameters, for `in_`."""
        return [bindparam(name) for name in self._names]

    def bind(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the values of all parameters. Raises ValueError when there are more values than places."""
        if len(values) > self.size:
            raise ValueError(f"{len(values)} values for {self.size} places")
        bound: dict[str, Any] = dict.fromkeys(self._names)
        bound.update(zip(self._names, values, strict=False))
        return bound
