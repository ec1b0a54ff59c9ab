"""The sequence numbers under which one browser gets the streams of the others.

A browser's keys and the node's for it must count a stream alike, and both take a number that is far ahead for one far
behind. So where a browser got nothing for a while, because it was deafened, what follows is numbered on without a gap.
A number is given to one packet alone, since with AES-GCM a key must not encrypt two with the same (RFC 7714 section 9):
what comes late from before such a gap is too late.
"""

from typing import Final

_SEQUENCES: Final = 0x10000
_HALF: Final = 0x8000
_LONGEST_GAP: Final = 3000
"""Packets that may be missing: a minute of voice. Less than half of the numbers there are."""
_MOST_BEHIND: Final = 600
LATE: Final = -1
"""In place of a sequence number."""
_LATE: Final = LATE


class _Count:
    """How far one stream is."""

    __slots__ = ("added", "first", "newest")

    def __init__(self, newest: int) -> None:
        self.newest = newest
        """The newest number of the sender."""
        self.added = 0
        """What is added to the sender's numbers."""
        self.first = newest - _MOST_BEHIND
        """The first number to which that is added."""


class Numbering:
    """The numbers of all streams that one browser gets, by SSRC."""

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams: dict[int, _Count] = {}

    def take(self, ssrc: int, number: int) -> int:
        """Return the sequence number of a packet, LATE when it is too late for it."""
        count = self._streams.get(ssrc)
        if count is None:
            self._streams[ssrc] = _Count(number)
            return number % _SEQUENCES
        newest = count.newest
        if number > newest:
            if number - newest > _LONGEST_GAP:
                count.added -= number - newest - 1
                count.first = number
            count.newest = number
        elif number < newest - _MOST_BEHIND or number < count.first:
            return _LATE
        return (number + count.added) % _SEQUENCES

    def find(self, ssrc: int, sequence: int) -> int | None:
        """Return the sender's number of a packet that the browser has not got; None when it knows no such stream."""
        count = self._streams.get(ssrc)
        if count is None:
            return None
        behind = (count.newest + count.added - sequence + _HALF) % _SEQUENCES - _HALF
        return count.newest - behind

    def forget(self, ssrc: int) -> None:
        """Forget a stream that is over."""
        self._streams.pop(ssrc, None)
