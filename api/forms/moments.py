"""Points in time in bodies and queries: texts of ISO 8601.

msgspec would read a number as seconds since 1970, which nobody means who sends one, so the type is one that msgspec
does not know. It asks `read_custom` for the value and `describe_custom` for the schema.
"""

import datetime as dt
from typing import Any


class Moment(dt.datetime):
    """A point in time with its zone. A text without one is in UTC."""


def read_custom(type_: type[Any], value: Any) -> Any:
    """Read a value of a type that msgspec does not know. Raises ValueError."""
    if type_ is not Moment:
        raise NotImplementedError(type_)
    try:
        moment = Moment.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("Invalid datetime") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def describe_custom(type_: type[Any]) -> dict[str, Any]:
    """Return the schema of a type that msgspec does not know."""
    if type_ is not Moment:
        raise NotImplementedError(type_)
    return {"type": "string", "format": "date-time"}
