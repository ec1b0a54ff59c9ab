"""When Python looks for cyclic garbage, and how long that holds the process up.

What a server keeps for long (sessions, guilds, caches) is no garbage, and yet a full collection walks all of it: tens
of milliseconds with 10,000 sessions, in which nothing is sent. So what has outlived a full collection is set aside
(`gc.freeze`) and never walked again; a full collection is then of what came since the last one, and that is bounded by
the thresholds. Frozen objects are freed as ever when nothing refers to them; only cycles among them would stay, so what
comes and goes with clients should not leave cycles. For those that are left all the same, everything is thawed and
looked through: hourly while the process is small enough for it to be short, and once a day however long it takes,
because garbage that nobody ever looks for would fill the memory in the end.

    young ─ 5,000 more ─→ middle ─ every second time ─→ old ─ every second time ─→ frozen ─ hourly or daily ─→ old
      └──────────────────────── a crowd of sessions, a slow collection ────────────────↗

The interpreter counts what is made less what is freed, so in a storm of logins, where as much is freed as stays, a
collection may walk four times what the thresholds say. So a crowd that comes is looked through and set aside before it
is large (`welcome`), and whatever makes a collection slow is set aside at once: it is not walked a second time.

Owns the interpreter's collector while it runs: its thresholds and a callback in it.
"""

import asyncio
import contextlib
import gc
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

from core.runtime.clock import Clock

YOUNG_OBJECTS: Final = 5_000
"""Allocations between collections, instead of 700: a request leaves hardly a cycle behind, and looking for them that
often costs 6 % of a send's processor time (benchmark `sends`). Not more, for a full collection walks four times as
many, at 0.1 to 0.5 µs each when nothing of it is in the processor's caches."""
OLDER_AFTER: Final = 0
"""Collections of a generation, above which the next is one of the generation above, instead of 10: that multiplies what
one collection walks, and pauses must stay under 10 ms."""
CROWD_SESSIONS: Final = 500
"""Each leaves seven objects that the collector knows: so a crowd is less than what a young collection walks."""
SLOW_S: Final = 0.003
"""A third of the pause that there may be: the next generation's collection walks up to three times as much."""
THAW_S: Final = 3600.0
THAWED_OBJECTS: Final = 50_000
"""With more than this frozen it is not done hourly: looking through it would take longer than 10 ms on a slow machine.
"""
THAWS_A_DAY: Final = 24

_YOUNG: Final = 0
_FULL: Final = 2


class GarbageControl:
    """`observe` is told how long each collection took, in seconds."""

    __slots__ = ("_began_s", "_clock", "_is_in_force", "_newcomers", "_observe")

    def __init__(self, *, clock: Clock, observe: Callable[[float], None]) -> None:
        self._clock = clock
        self._observe = observe
        self._began_s = 0.0
        self._is_in_force = False
        self._newcomers = 0

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        """Enter when everything is built: what lives then lives until the end."""
        thresholds = gc.get_threshold()
        gc.collect()
        gc.freeze()
        # The interpreter puts a full collection off until there is a quarter more than after the last one: now that is
        # nothing.
        gc.collect()
        gc.set_threshold(YOUNG_OBJECTS, OLDER_AFTER, OLDER_AFTER)
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
        """Look through everything now and then, until cancelled."""
        for turn in itertools.count(1):
            await asyncio.sleep(THAW_S)
            self.thaw(whatever_it_takes=turn % THAWS_A_DAY == 0)

    def welcome(self, sessions: int) -> None:
        """So many sessions have come, to stay. Nothing while this is not in force."""
        self._newcomers += sessions
        if self._is_in_force and self._newcomers >= CROWD_SESSIONS:
            self._newcomers = 0
            gc.collect(_YOUNG)
            gc.freeze()

    def thaw(self, *, whatever_it_takes: bool = False) -> None:
        """Look through what is frozen, unless it is too much."""
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
