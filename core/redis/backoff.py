"""The pauses between attempts to connect, each about twice as long as the last."""

from collections.abc import Callable
from typing import Final

_FIRST_S: Final = 0.05
"""A restarted Redis answers after a tenth of a second."""
_LONGEST_S: Final = 1.0
"""Short against the seconds for which requests are refused anyway."""


class Backoff:
    """Pauses with a random part, so that processes do not come all at once."""

    __slots__ = ("_next_s", "_random")

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` returns numbers from 0 to 1."""
        self._random = random
        self._next_s = _FIRST_S

    def next_s(self) -> float:
        """Return the seconds to wait now."""
        pause_s = self._next_s * (0.5 + self._random())
        self._next_s = min(self._next_s * 2, _LONGEST_S)
        return pause_s

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next_s = _FIRST_S
