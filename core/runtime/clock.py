"""The only place that reads a clock. Everything else takes time as an argument or takes a `Clock`."""

import time
from typing import Protocol


class Clock(Protocol):
    """The present time, on the wall clock and on a monotonic one."""

    def now_ms(self) -> int:
        """Return the wall clock in Unix milliseconds; it may step back."""

    def monotonic_s(self) -> float:
        """Return seconds for durations; they never step back."""


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    monotonic_s = staticmethod(time.monotonic)
    """The function itself, without a frame of our own: a request asks ten times."""

    def now_ms(self) -> int:
        """Return the wall clock in Unix milliseconds."""
        return time.time_ns() // 1_000_000
