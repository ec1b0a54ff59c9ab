"""Doing something once for all that happened within a short time: the first of it sets the timer, the rest joins in."""

from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


CallLater = Callable[[float, Callable[[], None]], Handle]
"""Call a function after so many seconds: the event loop's, or a test's."""


class BatchTimer:
    """Calls `flush` `gap_s` after the first `start` since it was called last."""

    __slots__ = ("_call_later", "_flush", "_gap_s", "_handle")

    def __init__(self, *, gap_s: float, flush: Callable[[], None], call_later: CallLater) -> None:
        self._gap_s = gap_s
        self._flush = flush
        self._call_later = call_later
        self._handle: Handle | None = None

    def start(self) -> None:
        """Something happened."""
        if self._handle is None:
            self._handle = self._call_later(self._gap_s, self._fire)

    def cancel(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._flush()
