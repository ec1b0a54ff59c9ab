# cython: nonecheck=True
"""The newest packets of one stream: what is kept to be sent again, and what the sender has to send again.

A receiver that misses a packet gets it from here. What the node itself has not got it asks its sender for, at once and
a few times more. Voice is kept for as long only as a hearer waits for it.
"""

from collections.abc import Iterator
from typing import Final

from core_ext.media import passing_py

VIDEO_PACKETS: Final = 512
"""One to three seconds."""
VOICE_PACKETS: Final = 64
"""Somewhat more than a second of voice."""
_MOST_MISSING: Final = 64
"""A longer gap is better mended by a keyframe, for which receivers ask by themselves."""
_MOST_TRIES: Final = 4


class Ring:
    """The packets, by number."""

    __slots__ = ("_kept", "_missing", "_newest", "_size")

    def __init__(self, size: int = VIDEO_PACKETS) -> None:
        """So many packets are kept."""
        self._size = size
        self._kept: list[passing_py.Passing | None] = []
        """Empty until there is a first packet: most who come film nothing."""
        self._newest = -1
        self._missing: dict[int, int] = {}
        """How often the sender was asked for each number."""

    def keep(self, passing: passing_py.Passing) -> None:
        """Keep a packet of a sender that is asked for nothing."""
        if not self._kept:
            self._kept = [None] * self._size
        self._kept[passing.number % self._size] = passing

    def add(self, passing: passing_py.Passing) -> bool:
        """Keep a packet; return whether the sender must be asked for packets before it."""
        number, newest = passing.number, self._newest
        self.keep(passing)
        if self._missing:
            self._missing.pop(number, None)
        if number <= newest:
            return False
        self._newest = number
        gap = number - newest - 1
        if newest < 0 or not gap:
            return False
        if gap > _MOST_MISSING:
            self._missing.clear()
            return False
        self._missing.update(dict.fromkeys(range(newest + 1, number), 0))
        return True

    def find(self, number: int) -> passing_py.Passing | None:
        """Return a packet that is kept."""
        passing = self._kept[number % self._size] if self._kept else None
        return passing if passing is not None and passing.number == number else None

    def take_missing(self) -> Iterator[int]:
        """Give the numbers that the sender is to be asked for now, and count that it is."""
        for number, tries in list(self._missing.items()):
            if tries >= _MOST_TRIES or number <= self._newest - self._size:
                del self._missing[number]
                continue
            self._missing[number] = tries + 1
            yield number
