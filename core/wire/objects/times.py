"""Times as they stand in JSON: ISO 8601 in UTC, with microseconds and an explicit offset, as Discord writes them."""

import datetime as dt

from core.domain.ids import created_ms


def iso_time(unix_ms: int) -> str:
    """`2026-01-02T03:04:05.678000+00:00`."""
    moment = dt.datetime.fromtimestamp(unix_ms // 1000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{unix_ms % 1000:03d}000+00:00"


def iso_time_of(snowflake: int) -> str:
    """When the snowflake was made."""
    return iso_time(created_ms(snowflake))
