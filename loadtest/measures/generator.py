"""The generator watches itself: how late its loop is, and how much of its core it takes.

A greenlet asks to be woken at even times and notes how much later it was. A generator that is late measures itself and
not the server, so a run says when this was so. In a run of several processes each one watches itself, and the worst
counts.
"""

import time
from typing import Final

import gevent

from loadtest.measures.watched import Watched

_GAP_S: Final = 0.02
"""The time between two looks, short beside the smallest goal."""


class Generator:
    """The watch on this process."""

    __slots__ = ("_began_s", "_cpu_s", "_greenlet", "_late_ms")

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._began_s = self._cpu_s = 0.0
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to watch, from nothing."""
        self.stop()
        self._late_ms = []
        self._began_s, self._cpu_s = time.monotonic(), time.process_time()
        self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Watch no more."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def sum_up(self) -> Watched:
        """Return what was seen so far."""
        late = sorted(self._late_ms) or [0.0]
        wall_s = max(time.monotonic() - self._began_s, _GAP_S)
        busy = (time.process_time() - self._cpu_s) / wall_s
        return Watched(late_p99_ms=late[int(len(late) * 0.99)], late_max_ms=late[-1], busy=busy)

    def _watch(self) -> None:
        while True:
            asked = time.monotonic()
            gevent.sleep(_GAP_S)
            self._late_ms.append(max(0.0, (time.monotonic() - asked - _GAP_S) * 1000))
