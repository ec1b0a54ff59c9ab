"""How full workers are, as the placement of shards takes it: steadied, so that no burst moves a shard.

```
 loads of leases ─→ the fullest of processor, sessions, events ─→ smoothed over a minute
                                     far from what is taken now? ─→ taken for all workers at once
```

A worker's *burden* is between 0 (idle) and 1 (full). It lowers the worker's weight by half at most: its sockets do not
move with shards, so a busy worker cannot be helped by taking everything from it. What was taken stays until a worker is
far from it, and for a while at least. So the same loads give the same placement, and a placement that changes the loads
a little does not change itself again.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from core.shards.worker import Worker, WorkerLoad

_SESSIONS: Final = 25_000
_EVENTS_PER_S: Final = 5_000.0
"""What fills a worker, as its one processor does."""
_RELIEF: Final = 0.5
"""The part of its weight that a full worker loses. With more of it shards could go to and fro between two workers."""
_BAND: Final = 0.2
"""How far a burden must be from what is taken, so that all are taken anew."""
_SMOOTHED_S: Final = 60.0
"""The time in which two thirds of a change of load arrive in the burden."""
_PAUSE_S: Final = 120.0
"""The time between two takings: shards have moved by then, and burdens follow the loads that came of it."""


def measure_burden(load: WorkerLoad) -> float:
    """Return how full a worker is at this moment, from 0 to 1."""
    return min(1.0, max(load.cpu, load.sessions / _SESSIONS, load.events_per_s / _EVENTS_PER_S, 0.0))


def relieve(weights: Mapping[str, float], burdens: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of workers as burdens leave them. Who has no burden yet counts as the others do on average."""
    usual = sum(burdens.values()) / len(burdens) if burdens else 0.0
    return {name: weight * (1 - _RELIEF * burdens.get(name, usual)) for name, weight in weights.items()}


class BurdenWatch:
    """The burdens of all workers, as one controller sees them."""

    __slots__ = ("_noted_s", "_now_s", "_smoothed", "_taken_s", "taken")

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._noted_s = now_s()
        self._taken_s = now_s()
        self._smoothed: dict[str, float] = {}
        self.taken: Mapping[str, float] = {}
        """The burdens that the placement goes by."""

    def resume(self, taken: Mapping[str, float]) -> None:
        """Go on with what another controller has taken."""
        self.taken = taken

    def note(self, workers: Sequence[Worker]) -> None:
        """Take note of the loads, and take them for the placement when that is due."""
        now_s = self._now_s()
        kept = math.exp((self._noted_s - now_s) / _SMOOTHED_S)
        before, self._noted_s = self._smoothed, now_s
        present = {worker.name: measure_burden(worker.load) for worker in workers}
        # Who has just come is known by its first load no better than by none.
        self._smoothed = {name: burden + (before.get(name, 0.0) - burden) * kept for name, burden in present.items()}
        if now_s - self._taken_s >= _PAUSE_S and self._is_far():
            self._taken_s = now_s
            self.taken = {name: round(burden, 2) for name, burden in self._smoothed.items()}

    def _is_far(self) -> bool:
        return any(abs(burden - self.taken.get(name, 0.0)) >= _BAND for name, burden in self._smoothed.items())
