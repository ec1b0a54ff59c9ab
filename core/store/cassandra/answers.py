"""The way of answers from the driver's thread to the event loop.

The driver calls back in a thread of its own, once a request. To wake the loop costs a system call and a turn, so
answers are queued, and the loop is woken for the first one only; what comes until it looks is taken with it.

```
 driver's thread:  answer, answer, answer ─→ queue ─→ one wake-up ─→ loop: all that wait
```
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

CallT = TypeVar("CallT")


class Answers(Generic[CallT]):
    """The queue. `take` is called in the loop with a call, its rows, and its error or None."""

    __slots__ = ("_is_woken", "_loop", "_queue", "_take")

    def __init__(
        self, *, loop: asyncio.AbstractEventLoop, take: Callable[[CallT, Any, Exception | None], None]
    ) -> None:
        self._loop = loop
        self._take = take
        self._queue: deque[tuple[CallT, Any, Exception | None]] = deque()
        self._is_woken = False

    def put_rows(self, rows: Any, call: CallT) -> None:
        """Queue an answer; any thread may call this."""
        self._put((call, rows, None))

    def put_error(self, error: Exception, call: CallT) -> None:
        """Queue an error; any thread may call this."""
        self._put((call, None, error))

    def _put(self, answer: tuple[CallT, Any, Exception | None]) -> None:
        self._queue.append(answer)
        # Two threads may both see False and wake the loop twice, which does no harm. None can see True too late: the
        # loop sets False before it looks into the queue.
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                self._loop.call_soon_threadsafe(self._take_all)

    def _take_all(self) -> None:
        self._is_woken = False
        queue = self._queue
        while queue:
            self._take(*queue.popleft())
