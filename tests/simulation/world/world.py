"""The simulated world: one virtual clock, one queue of things to do, and a seed that decides all that chance decides.

```
 World ─ heap of (time, order, handle) ─→ handle of a process's loop ─→ runs with that loop as the running one
                                            ├─ process killed: dropped, for ever, so no `finally` runs
                                            └─ process paused: kept until it goes on (SIGSTOP)
```

Each simulated process has a loop object of its own (`tests.simulation.world.process_loop`), all in this thread. Time moves
when nothing is left to do now, and by a microsecond with each handle, so that what spins does not stop the clock.

The world owns the time, the heap and the sources of chance. Each user of chance has a source of its own, by name, so
that one more decision in one place does not change those of all others.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable
from random import Random
from typing import Final

from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.trace import Trace

HANDLE_S: Final = 1e-6
"""The virtual time that a handle takes."""


class Stuck(Exception):
    """Nothing is left to do, or the time is over, and what was waited for has not come."""


class World:
    """Runs the handles of all loops in the order of their times."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now_s = 0.0
        self.trace = Trace(lambda: self.now_s)
        self.handles = 0
        self._heap: list[tuple[float, int, asyncio.Handle]] = []
        self._order = 0
        self._loops: list[ProcessLoop] = []

    def chance(self, name: str) -> Random:
        """Return a new source of chance, which the seed and the name decide."""
        return Random(f"{self.seed} {name}")

    def make_loop(self, name: str) -> ProcessLoop:
        """Return the loop of a new process."""
        loop = ProcessLoop(name, world=self)
        self._loops.append(loop)
        return loop

    def put(self, at_s: float, handle: asyncio.Handle) -> None:
        """Queue a handle of a loop. Those of one time run in the order of the calls."""
        self._order += 1
        heapq.heappush(self._heap, (at_s, self._order, handle))

    def run_until(self, is_done: Callable[[], bool], *, limit_s: float) -> None:
        """Run until `is_done()`.

        Raises:
            Stuck: when that takes longer than `limit_s` of virtual time, or nothing is left to do.
        """
        limit_s += self.now_s
        while not is_done():
            if not self._heap or self.now_s > limit_s:
                raise Stuck(f"not done at {self.now_s:.3f} s, with {len(self._heap)} handles left")
            self._step()

    def run_for(self, duration_s: float) -> None:
        """Run for so long."""
        until_s = self.now_s + duration_s
        while self._heap and self._heap[0][0] <= until_s:
            self._step()
        self.now_s = max(self.now_s, until_s)

    def _step(self) -> None:
        at_s, order, handle = heapq.heappop(self._heap)
        loop = handle._loop  # type: ignore[attr-defined]  # asyncio's own loops read it too
        if handle.cancelled() or loop.state is LoopState.KILLED:
            return
        if loop.state is LoopState.PAUSED:
            loop.waiting.append((at_s, order, handle))
            return
        self.handles += 1
        self.now_s = max(self.now_s, at_s) + HANDLE_S
        events._set_running_loop(loop)
        try:
            handle._run()
        finally:
            events._set_running_loop(None)

    def close(self) -> None:
        """End all loops. What their coroutines still have to say is of no interest."""
        self._heap.clear()
        for loop in self._loops:
            loop.bury()
