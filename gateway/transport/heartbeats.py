"""A timing wheel that finds connections without a heartbeat for too long.

A connection lies in the slot of the tick at which it would be overdue. A heartbeat moves nothing: it only writes down a
time. When a connection's slot comes up, the connection is either overdue and closed, or put into the slot of its new
deadline. So each one is checked about once in a timeout, however many there are and however often they beat.

The owner calls `sweep` every `tick_s`. Time is its argument.
"""

from collections.abc import Iterator
from math import ceil
from typing import Protocol


class Watched(Protocol):
    """A connection, as the watch sees it."""

    is_open: bool

    @property
    def deadline_s(self) -> float:
        """The time at which it is overdue, if nothing more is heard."""

    def expire(self) -> None:
        """End the connection."""


class HeartbeatWatch:
    """The wheel. It holds a closed connection until its slot comes up."""

    __slots__ = ("_last_tick", "_slots", "tick_s")

    def __init__(self, tick_s: float, now_s: float) -> None:
        self.tick_s = tick_s
        self._slots: dict[int, list[Watched]] = {}
        self._last_tick = self._tick_of(now_s)

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def _tick_of(self, time_s: float) -> int:
        return ceil(time_s / self.tick_s)

    def add(self, connection: Watched) -> None:
        """Begin to watch a connection."""
        tick = max(self._tick_of(connection.deadline_s), self._last_tick + 1)
        self._slots.setdefault(tick, []).append(connection)

    def sweep(self, now_s: float) -> None:
        """End every connection that is overdue now."""
        for connection in self._due(int(now_s / self.tick_s)):
            if not connection.is_open:
                continue
            if connection.deadline_s <= now_s:
                connection.expire()
            else:
                self.add(connection)

    def _due(self, tick: int) -> Iterator[Watched]:
        first, self._last_tick = self._last_tick + 1, max(tick, self._last_tick)
        for due_tick in range(first, tick + 1):
            yield from self._slots.pop(due_tick, ())
