"""How busy a worker is, measured between two renewals of its lease."""

import resource
from collections.abc import Callable

from core.runtime.clock import Clock
from core.shards.worker import WorkerLoad


class LoadMeter:
    """The load of this process since the last look."""

    __slots__ = ("_clock", "_count_events", "_count_sessions", "_cpu_s", "_events", "_looked_s")

    def __init__(
        self, *, clock: Clock, count_events: Callable[[], int], count_sessions: Callable[[], int] = lambda: 0
    ) -> None:
        """`count_events` returns the events of the worker's shards so far."""
        self._clock = clock
        self._count_events = count_events
        self._count_sessions = count_sessions
        self._looked_s = clock.monotonic_s()
        self._cpu_s = _measure_cpu_s()
        self._events = count_events()

    def count_sessions_by(self, count_sessions: Callable[[], int]) -> None:
        """Count sessions by this function from now on."""
        self._count_sessions = count_sessions

    def measure(self) -> WorkerLoad:
        """Return the load since the last call."""
        now_s, cpu_s, events = self._clock.monotonic_s(), _measure_cpu_s(), self._count_events()
        past_s = max(now_s - self._looked_s, 0.001)
        load = WorkerLoad(
            cpu=round((cpu_s - self._cpu_s) / past_s, 3),
            sessions=self._count_sessions(),
            events_per_s=round((events - self._events) / past_s, 1),
        )
        self._looked_s, self._cpu_s, self._events = now_s, cpu_s, events
        return load


def _measure_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
