"""How many sessions ask a home at a time: the others of a crowd stand in line.

When a guild moves, all its sessions want to sit at the next home at once. A home that is asked by all of them answers
nobody for long, and who gets no answer in time asks again. So a few ask, and the next one follows when one of them has
its answer. The home's loop has a few seats to give in each turn, whatever the size of the crowd.

Owns the lines, one for each home.
"""

import asyncio
from typing import Final

ASK_AT_ONCE: Final = 128
"""The sessions that ask a home at a time: enough to fill the time that an answer takes, and some 20 ms of its loop."""


class Doorways:
    """`at_once` sessions ask each home at a time."""

    __slots__ = ("_at_once", "_doors")

    def __init__(self, at_once: int = ASK_AT_ONCE) -> None:
        self._at_once = at_once
        self._doors: dict[str, asyncio.Semaphore] = {}

    def to(self, home: str) -> asyncio.Semaphore:
        """Return what lets sessions through to a home in the order in which they come: `async with` it."""
        door = self._doors.get(home)
        if door is None:
            door = self._doors[home] = asyncio.Semaphore(self._at_once)
        return door

    def forget(self, home: str) -> None:
        """Forget a home with which the conversation is over. Who stands in line there goes on."""
        self._doors.pop(home, None)
