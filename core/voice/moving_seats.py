"""Seats that move off a node that drains: the old one ends when the client has come to the new one, or in time.

Until then its media goes on at the old node, and every change of rights and every end goes there too.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from core.voice.interfaces import CallLater, Timer
from core.voice.seats import SeatKey

MOVE_S: Final = 10.0
"""The time in which a client comes to its new place. Most need a tenth of a second."""


class MovingSeats:
    """The old places. `remove` ends a seat at a node."""

    __slots__ = ("_call_later", "_old", "_remove")

    def __init__(self, *, call_later: CallLater, remove: Callable[[str, SeatKey], None]) -> None:
        self._call_later = call_later
        self._remove = remove
        self._old: dict[SeatKey, tuple[str, Timer]] = {}

    def begin(self, key: SeatKey, node: str) -> None:
        """Note that a seat has another place than at this node from now on."""
        self.end(key)
        self._old[key] = node, self._call_later(MOVE_S, partial(self.end, key))

    def find(self, key: SeatKey) -> str:
        """Return the old node of a seat, "" when it does not move."""
        return self._old[key][0] if key in self._old else ""

    def end(self, key: SeatKey) -> None:
        """End a seat's old place, if it has one."""
        node = self.drop(key)
        if node:
            self._remove(node, key)

    def drop(self, key: SeatKey) -> str:
        """Forget a seat's old place without a word to its node; return that node, or ""."""
        node, timer = self._old.pop(key, ("", None))
        if timer is not None:
            timer.cancel()
        return node

    def lose(self, node: str) -> None:
        """Forget a node that is gone."""
        for key in [key for key, (old, _) in self._old.items() if old == node]:
            self.drop(key)
