"""How often a client may do a thing: a count in a window that begins with its first use.

A fixed window rather than a sliding one: Discord's libraries pace themselves by one, and it costs two numbers a
connection. The limit and the window are arguments, because they are the same for everybody.
"""


class Allowance:
    """One client's use of one limit."""

    __slots__ = ("_ends_s", "_used")

    def __init__(self) -> None:
        self._used = 0
        self._ends_s = float("-inf")

    def take(self, now_s: float, limit: int, window_s: float) -> bool:
        """Uses it once; False when the limit is reached, and then nothing is used."""
        if now_s >= self._ends_s:
            self._ends_s = now_s + window_s
            self._used = 0
        if self._used >= limit:
            return False
        self._used += 1
        return True

    def remaining_s(self, now_s: float) -> float:
        """How long the present window still lasts."""
        return max(0.0, self._ends_s - now_s)
