"""Timers that go off when a test says so."""

from collections.abc import Callable
from typing import Any


class FakeTimers:
    """Calls that are to come."""

    def __init__(self) -> None:
        self.calls: dict[int, Callable[[], None]] = {}
        self._number = 0

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Any:
        """Remember a call."""
        self._number += 1
        number = self._number
        self.calls[number] = call

        class Handle:
            """Forgets it."""

            def cancel(handle) -> None:  # noqa: N805 - `self` is the timers'
                """Forget."""
                self.calls.pop(number, None)

        return Handle()

    def run(self) -> None:
        """Make all calls, and those that they lead to."""
        while self.calls:
            for number in list(self.calls):
                call = self.calls.pop(number, None)
                if call is not None:
                    call()
