"""Readings: the meaning of a value in a client's payload, however its library writes it.

Libraries of typed languages send every field of a struct: a field that is not given is null, "", 0, false, an empty
list or object, or a date of the year 1. Numbers come as strings and as floats, ids as numbers. So a reading takes any
value and never raises. It returns the value that is meant, or None for a value without meaning, and then the default of
the field's Struct stands. `gateway.commands.command_parser` decides which values close a connection. Pure.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar

from core.domain.ids import MAX_SNOWFLAKE

S = TypeVar("S")
T = TypeVar("T")

Reading: TypeAlias = Callable[[object], T | None]
"""A function from a value to its meaning, None when it has none."""

MAX_EXACT: Final = 1 << 53
"""The largest whole number that every client's language holds exactly."""
_DIGITS: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)


def integer(low: int = -MAX_EXACT, high: int = MAX_EXACT) -> Reading[int]:
    """Make the reading of a whole number within these bounds, also as a float or as digits."""

    def read(value: object) -> int | None:
        found = whole_number(value)
        return found if found is not None and low <= found <= high else None

    return read


def whole_number(value: object) -> int | None:
    """Read a whole number of any size, also as a float or as digits."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= MAX_EXACT else None
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def number(value: object) -> float | None:
    """Read a number that JSON can hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) and abs(value) <= MAX_EXACT else None
    return integer()(value)


identifier: Final = integer(1, MAX_SNOWFLAKE)
"""The reading of an id; 0 is none."""


def text(value: object) -> str | None:
    """Read a text, empty or not."""
    return value if isinstance(value, str) else None


def words(max_length: int) -> Reading[str]:
    """Make the reading of a text that is not blank, cut at so many characters, because others are shown it."""

    def read(value: object) -> str | None:
        found = value.strip()[:max_length].rstrip() if isinstance(value, str) else ""
        return found or None

    return read


def flag(value: object) -> bool | None:
    """Read a boolean, also as 0 and 1 and as words."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, int | float) and value in {0, 1} else None


def mapping(value: object) -> dict[str, Any] | None:
    """Read an object, without the keys that are no text."""
    if not isinstance(value, dict):
        return None
    return {key: item for key, item in value.items() if isinstance(key, str)}


def list_of(read: Reading[T]) -> Reading[list[T]]:
    """Make the reading of a list, without the items that have no meaning."""

    def read_all(value: object) -> list[T] | None:
        if not isinstance(value, list | tuple):
            return None
        return [found for item in value if (found := read(item)) is not None]

    return read_all


def one_or_many(read: Reading[T]) -> Reading[T | list[T]]:
    """Make the reading of one value or a list of values."""
    read_all = list_of(read)

    def read_either(value: object) -> T | list[T] | None:
        return read_all(value) if isinstance(value, list | tuple) else read(value)

    return read_either


def mapping_of(read: Reading[T]) -> Reading[dict[str, T]]:
    """Make the reading of an object, without the pairs whose value has no meaning."""

    def read_all(value: object) -> dict[str, T] | None:
        found = mapping(value)
        return (
            None if found is None else {key: meant for key, item in found.items() if (meant := read(item)) is not None}
        )

    return read_all


class Record(Generic[S]):
    """The reading of an object as a Struct: each field has a reading, and without a meaning the Struct's default."""

    __slots__ = ("_make", "_readings")

    def __init__(self, make: Callable[..., S], /, **readings: Reading[Any]) -> None:
        self._make = make
        self._readings = readings

    def __call__(self, value: object) -> S | None:
        """Read an object; None when the value is no object."""
        if not isinstance(value, dict):
            return None
        meant = {name: read(value[name]) for name, read in self._readings.items() if name in value}
        return self._make(**{name: found for name, found in meant.items() if found is not None})
