"""What one listener has heard of each author, so that it notices what is missing, and what comes twice.

Authors count what they say in a channel. A listener that begins in the middle takes the first number as it is. After a
new session it begins anew, since what was said in between is not told.
"""


class Heard:
    """The last number of each author."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def note(self, author: str, number: int) -> int:
        """Take a number, and return how many are missing before it. A repeat is -1."""
        last = self._last.get(author)
        if last is not None and number <= last:
            return -1
        self._last[author] = number
        return 0 if last is None else number - last - 1

    def forget(self) -> None:
        """Begin anew."""
        self._last.clear()
