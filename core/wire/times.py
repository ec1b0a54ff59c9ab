"""Times as they stand in JSON: ISO 8601 in UTC, with microseconds and an explicit offset, as Discord writes them."""

import datetime as dt
from functools import lru_cache

from core.domain.ids import created_ms


def iso_time(unix_ms: int) -> str:
    """Render a time like `2026-01-02T03:04:05.678000+00:00`."""
    unix_s, milliseconds = divmod(unix_ms, 1000)
    return f"{_iso_second(unix_s)}.{milliseconds:03d}000+00:00"


def iso_time_of(snowflake: int) -> str:
    """Render the time when the snowflake was made."""
    return iso_time(created_ms(snowflake))


@lru_cache(4096)
def _iso_second(unix_s: int) -> str:
    """The formatting of a date costs 5 µs, and most times to show are of this second, or of one shown before."""
    return dt.datetime.fromtimestamp(unix_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
