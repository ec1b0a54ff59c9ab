"""The only place that reads a clock. Everything else takes time as an argument or takes a `Clock`."""

import time
from typing import Protocol


class Clock(Protocol):
    """Now, in the two senses of the word."""

    def now_ms(self) -> int:
        """Wall-clock Unix milliseconds; may step back."""

    def monotonic_s(self) -> float:
        """Seconds for measuring durations; never steps back."""


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    monotonic_s = staticmethod(time.monotonic)
    """Seconds since some fixed point. The function itself: a request asks ten times."""

    def now_ms(self) -> int:
        """Wall-clock Unix milliseconds."""
        return time.time_ns() // 1_000_000
