"""The source of snowflakes for services. The composition root gives the generator."""

from typing import Protocol


class IdSource(Protocol):
    """Makes snowflakes."""

    def next(self) -> int:
        """Make a snowflake greater than all before."""
