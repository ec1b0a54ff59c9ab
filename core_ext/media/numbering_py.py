"""The sequence numbers under which one browser gets the streams of the others.

A browser's keys and the node's for it must count a stream alike, and both take a number that is far ahead for one far
behind. So where a browser got nothing for a while, because it was deafened, what follows is numbered on without a gap.
"""

from typing import Final

_SEQUENCES: Final = 0x10000
_HALF: Final = 0x8000
_LONGEST_GAP: Final = 3000
"""Packets that may be missing: a minute of voice. Less than half of the numbers there are."""
_MOST_BEHIND: Final = 600


class Numbering:
    """The numbers of all streams that one browser gets, by SSRC."""

    __slots__ = ("_streams",)

    def __init__(self) -> None:
        self._streams: dict[int, tuple[int, int]] = {}
        """The newest number of the sender, and what is added to it."""

    def take(self, ssrc: int, number: int) -> int | None:
        """Return the sequence number of a packet; None when it is too late for it."""
        known = self._streams.get(ssrc)
        if known is None:
            self._streams[ssrc] = number, 0
            return number % _SEQUENCES
        newest, added = known
        if number - newest > _LONGEST_GAP:
            added -= number - newest - 1
        elif number < newest - _MOST_BEHIND:
            return None
        if number > newest:
            self._streams[ssrc] = number, added
        return (number + added) % _SEQUENCES

    def find(self, ssrc: int, sequence: int) -> int | None:
        """Return the sender's number of a packet that the browser has not got; None when it knows no such stream."""
        known = self._streams.get(ssrc)
        if known is None:
            return None
        newest, added = known
        behind = (newest + added - sequence + _HALF) % _SEQUENCES - _HALF
        return newest - behind

    def forget(self, ssrc: int) -> None:
        """Forget a stream that is over."""
        self._streams.pop(ssrc, None)
