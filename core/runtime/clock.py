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

    def now_ms(self) -> int:
        """Wall-clock Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()
