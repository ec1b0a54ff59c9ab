"""Where services get snowflakes from: whatever makes them is given by the composition root."""

from typing import Protocol


class IdSource(Protocol):
    """Makes snowflakes."""

    def next(self) -> int:
        """A new one, greater than all before."""
