"""An allowance: a count of uses in a window that begins with the first use.

The window is fixed, not sliding, because Discord's libraries pace themselves by a fixed one, and it costs two numbers a
connection. The limit and the window are arguments, because they are the same for all clients.
"""


class Allowance:
    """One client's use of one limit."""

    __slots__ = ("_ends_s", "_used")

    def __init__(self) -> None:
        self._used = 0
        self._ends_s = float("-inf")

    def take(self, now_s: float, limit: int, window_s: float) -> bool:
        """Count one use. False means that the limit is reached, and nothing is counted."""
        if now_s >= self._ends_s:
            self._ends_s = now_s + window_s
            self._used = 0
        if self._used >= limit:
            return False
        self._used += 1
        return True

    def remaining_s(self, now_s: float) -> float:
        """Return how long the present window still lasts."""
        return max(0.0, self._ends_s - now_s)
