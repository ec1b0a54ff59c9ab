"""A timer for batches: the first change of a batch starts it, and those that follow join."""

from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    """A call that waits for its time."""

    def cancel(self) -> None:
        """Cancel the call."""


CallLater = Callable[[float, Callable[[], None]], Handle]
"""A function that calls another one after a delay in seconds: the event loop's, or a test's."""


class BatchTimer:
    """Calls `flush` `gap_s` after the first `start` that follows the last call."""

    __slots__ = ("_call_later", "_flush", "_gap_s", "_handle")

    def __init__(self, *, gap_s: float, flush: Callable[[], None], call_later: CallLater) -> None:
        self._gap_s = gap_s
        self._flush = flush
        self._call_later = call_later
        self._handle: Handle | None = None

    def start(self) -> None:
        """Start the timer, unless it runs."""
        if self._handle is None:
            self._handle = self._call_later(self._gap_s, self._fire)

    def cancel(self) -> None:
        """Stop the timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._flush()
