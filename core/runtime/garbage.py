"""The control of Python's collector of cyclic garbage, whose pauses hold the process up.

Objects that a server keeps for long (sessions, guilds, caches) are no garbage, and yet a full collection walks all of
them: tens of milliseconds with 10,000 sessions, in which nothing is sent. So the objects that have outlived a full
collection are frozen (`gc.freeze`) and not walked again. A full collection then walks only the objects since the last
one, and the thresholds bound these. Frozen objects are freed as usual when nothing refers to them. Only cycles among
them would stay, so objects that come and go with clients should not leave cycles. For the remaining cycles everything
is thawed and collected: hourly while the process is small enough for a short pause, and once a day in any case, because
uncollected garbage would fill the memory in the end.

    young ─ 5,000 more ─→ middle ─ every second time ─→ old ─ every second time ─→ frozen ─ hourly or daily ─→ old
      └──────────────────────── a crowd of sessions, a slow collection ────────────────↗

The interpreter counts allocations less frees, so in a storm of logins, where as many objects are freed as stay, a
collection may walk four times the thresholds. So a crowd of new sessions is collected and frozen before it is large
(`welcome`), and the survivors of a slow collection are frozen at once and not walked a second time.

The control owns the interpreter's collector while it is in force: its thresholds and a callback in it.
"""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

from core.runtime.clock import Clock

YOUNG_OBJECTS: Final = 5_000
"""Allocations between collections, instead of 700: a request leaves hardly a cycle behind, and so many collections cost
6 % of a send's processor time (benchmark `sends`). The number is not larger, because a full collection walks four times
as many objects, at 0.1 to 0.5 µs each when they are not in the processor's caches."""
OLDER_AFTER: Final = 0
"""Collections of a generation before one of the next generation, instead of 10, which would multiply the objects that
one collection walks; pauses must stay under 10 ms."""
CROWD_SESSIONS: Final = 500
"""The sessions of a crowd. Each has seven objects that the collector knows: fewer than a young generation."""
SLOW_S: Final = 0.003
"""A third of the longest pause, because the next generation's collection walks up to three times as many objects."""
THAW_S: Final = 3600.0
THAWED_OBJECTS: Final = 50_000
"""The most frozen objects that are thawed hourly. More would take longer than 10 ms on a slow machine."""
THAWS_A_DAY: Final = 24

_YOUNG: Final = 0
_FULL: Final = 2


class GarbageControl:
    """The control of the collector. `observe` gets the duration of each collection, in seconds."""

    __slots__ = ("_began_s", "_clock", "_is_in_force", "_newcomers", "_observe", "_young_objects")

    def __init__(self, *, clock: Clock, observe: Callable[[float], None], young_objects: int = YOUNG_OBJECTS) -> None:
        """`young_objects` are the allocations between two collections: fewer make each of them shorter."""
        self._clock = clock
        self._young_objects = young_objects
        self._observe = observe
        self._began_s = 0.0
        self._is_in_force = False
        self._newcomers = 0

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        """Enter when everything is built, because the objects of that time live until the end."""
        thresholds = gc.get_threshold()
        gc.collect()
        gc.freeze()
        # The interpreter delays a full collection until there are a quarter more objects than after the last one. After
        # this one there are none.
        gc.collect()
        gc.set_threshold(self._young_objects, OLDER_AFTER, OLDER_AFTER)
        gc.callbacks.append(self._on_collection)
        self._is_in_force = True
        try:
            yield
        finally:
            self._is_in_force = False
            gc.callbacks.remove(self._on_collection)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    async def run(self) -> None:
        """Thaw and collect everything from time to time, until cancelled."""
        for round_number in itertools.count(1):
            await asyncio.sleep(THAW_S)
            self.thaw(whatever_it_takes=round_number % THAWS_A_DAY == 0)

    def welcome(self, sessions: int) -> None:
        """Note that so many sessions have come to stay. Freeze them when they are a crowd and this is in force."""
        self._newcomers += sessions
        if self._is_in_force and self._newcomers >= CROWD_SESSIONS:
            self._newcomers = 0
            gc.collect(_YOUNG)
            gc.freeze()

    def thaw(self, *, whatever_it_takes: bool = False) -> None:
        """Collect among the frozen objects, unless they are too many."""
        if whatever_it_takes or gc.get_freeze_count() <= THAWED_OBJECTS:
            gc.unfreeze()
            gc.collect()

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began_s = self._clock.monotonic_s()
            return
        took_s = self._clock.monotonic_s() - self._began_s
        self._observe(took_s)
        if info["generation"] == _FULL or took_s > SLOW_S:
            gc.freeze()
