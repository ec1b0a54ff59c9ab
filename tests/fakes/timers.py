"""Timers without a loop, which expire on the test's command."""

from collections.abc import Callable
from typing import Final

from tests.fakes.clock import FakeClock

_RESOLUTION_S: Final = 1e-6
"""The bound for the rounding of times: sums of the same seconds in another order are the same moment."""


class FakeTimer:
    """A timer."""

    def __init__(self, at_s: float, call: Callable[[], None]) -> None:
        self.at_s = at_s
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        """Cancel the timer."""
        self.is_cancelled = True


class FakeTimers:
    """A `call_later` on a clock that stands still."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._waiting: list[FakeTimer] = []
        self.delays_s: list[float] = []
        """All delays that were requested so far."""

    def __len__(self) -> int:
        return sum(not timer.is_cancelled for timer in self._waiting)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> FakeTimer:
        """Set a timer for `advance` or `run`."""
        self.delays_s.append(delay_s)
        timer = FakeTimer(self._clock.monotonic_s() + delay_s, call)
        self._waiting.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass. Timers expire at their times, in order."""
        until_s = self._clock.monotonic_s() + seconds
        while due := [timer for timer in self._waiting if timer.at_s <= until_s + _RESOLUTION_S]:
            self._come(min(due, key=lambda each: each.at_s))
        self._clock.advance(max(until_s - self._clock.monotonic_s(), 0))

    def run(self) -> None:
        """Let all timers expire, and those that they set, however long it takes."""
        while self._waiting:
            self._come(min(self._waiting, key=lambda each: each.at_s))

    def _come(self, timer: FakeTimer) -> None:
        self._waiting.remove(timer)
        if not timer.is_cancelled:
            self._clock.advance(max(timer.at_s - self._clock.monotonic_s(), 0))
            timer.call()
