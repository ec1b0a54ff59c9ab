"""Readings: what a value of a client's payload means, in whichever way its library writes it.

Libraries of typed languages send every field of a struct: what is "not given" is null, "", 0, false, an empty list or object, or a
date of the year 1; numbers come as strings and as floats, ids as numbers. So a reading takes any value and never raises: it gives
the value that is meant, or None for what means nothing, and then the field's default stands, as its Struct states it. What of it
may close a connection is `gateway.commands.commands`' business. Pure.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar

from core.domain.ids import MAX_SNOWFLAKE

S = TypeVar("S")
T = TypeVar("T")

Reading: TypeAlias = Callable[[object], T | None]
"""From a value to what it means; None when it means nothing."""

MAX_EXACT: Final = 1 << 53
"""Up to here every client's language holds a whole number."""
_DIGITS: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)


def integer(low: int = -MAX_EXACT, high: int = MAX_EXACT) -> Reading[int]:
    """A whole number within these bounds, also as a float or as digits."""

    def read(value: object) -> int | None:
        found = whole_number(value)
        return found if found is not None and low <= found <= high else None

    return read


def whole_number(value: object) -> int | None:
    """A whole number of any size, also as a float or as digits."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= MAX_EXACT else None
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None


def number(value: object) -> float | None:
    """A number that JSON can hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) and abs(value) <= MAX_EXACT else None
    return integer()(value)


identifier: Final = integer(1, MAX_SNOWFLAKE)
"""An id; 0 is none."""


def text(value: object) -> str | None:
    """A text, empty or not."""
    return value if isinstance(value, str) else None


def words(max_length: int) -> Reading[str]:
    """A text that says something, cut at so many characters: others are shown it."""

    def read(value: object) -> str | None:
        found = value.strip()[:max_length].rstrip() if isinstance(value, str) else ""
        return found or None

    return read


def flag(value: object) -> bool | None:
    """A yes or a no, also as 0 and 1 and as their words."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, int | float) and value in {0, 1} else None


def mapping(value: object) -> dict[str, Any] | None:
    """An object, without the keys that are no text."""
    if not isinstance(value, dict):
        return None
    return {key: item for key, item in value.items() if isinstance(key, str)}


def list_of(read: Reading[T]) -> Reading[list[T]]:
    """A list, without the items that mean nothing."""

    def read_all(value: object) -> list[T] | None:
        if not isinstance(value, list | tuple):
            return None
        return [found for item in value if (found := read(item)) is not None]

    return read_all


def one_or_many(read: Reading[T]) -> Reading[T | list[T]]:
    """One, or a list of them."""
    read_all = list_of(read)

    def read_either(value: object) -> T | list[T] | None:
        return read_all(value) if isinstance(value, list | tuple) else read(value)

    return read_either


def mapping_of(read: Reading[T]) -> Reading[dict[str, T]]:
    """An object, without the pairs whose value means nothing."""

    def read_all(value: object) -> dict[str, T] | None:
        found = mapping(value)
        return (
            None if found is None else {key: meant for key, item in found.items() if (meant := read(item)) is not None}
        )

    return read_all


class Record(Generic[S]):
    """The reading of an object as a Struct: each field by a reading of its own, and by the Struct's default without one."""

    __slots__ = ("_make", "_readings")

    def __init__(self, make: Callable[..., S], /, **readings: Reading[Any]) -> None:
        self._make = make
        self._readings = readings

    def __call__(self, value: object) -> S | None:
        """None when the value is no object at all."""
        if not isinstance(value, dict):
            return None
        meant = {name: read(value[name]) for name, read in self._readings.items() if name in value}
        return self._make(**{name: found for name, found in meant.items() if found is not None})
