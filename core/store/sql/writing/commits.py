"""The record of the writer's commits: the time of the last one, the last error, and their durations.

A full disk fails every commit, thousands a minute, and the operator needs one text. So a failure is a line without a
traceback, of which the log keeps a few a minute.
"""

import logging
from typing import Final

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.store.sql.engine.errors import reason_of

logger = logging.getLogger(__name__)

_RECENT_S: Final = 3.0
"""The writer counts as failing for this long after a failure, unless something was committed since."""
_STUCK_S: Final = 3.0
"""Another process that holds the database is waited for (`busy_timeout`), and all writes wait meanwhile."""


class Commits:
    """The results of commits, and the state of the database that follows from them."""

    __slots__ = ("_begun_s", "_clock", "_failed_s", "_good_s", "_last", "_metrics", "_reason")

    def __init__(self, *, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._begun_s = float("inf")
        self._good_s = float("-inf")
        self._failed_s = float("-inf")
        self._reason = ""
        self._last: Unavailable | None = None

    def now_s(self) -> float:
        """Return the time at which a commit begins, for `note_good`."""
        return self._clock.monotonic_s()

    def note_begun(self) -> None:
        """Note that the writer has begun a batch of work."""
        self._begun_s = self._clock.monotonic_s()

    def note_ended(self) -> None:
        """Note that the batch has ended, whether it was committed or not."""
        self._begun_s = float("inf")

    def note_good(self, began_s: float) -> None:
        """Note that a transaction was committed."""
        self._good_s = self._clock.monotonic_s()
        self._metrics.store.commit_seconds.observe(self._good_s - began_s)
        self._last = None

    def note_failed(self, error: Unavailable) -> None:
        """Note that the database has refused to write. The same error may come more than once."""
        if error is self._last:
            return
        self._last = error
        self._failed_s = self._clock.monotonic_s()
        self._reason = reason_of(error)
        self._metrics.store.commit_failures_total.inc()
        logger.error("commit failed", extra={"reason": self._reason})

    def find_fault(self) -> str | None:
        """The reason why nothing can be written now, by the latest attempts."""
        now_s = self._clock.monotonic_s()
        if now_s - self._begun_s >= _STUCK_S:
            return "a write does not come to its end"
        is_recent = now_s - self._failed_s < _RECENT_S
        return f"writes fail: {self._reason}" if is_recent and self._good_s <= self._failed_s else None

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt to write has failed."""
        return self._failed_s > float("-inf") and self._failed_s >= self._good_s

    def has_committed_within(self, seconds: float) -> bool:
        """Return whether a commit of that age or younger proves that the database can be written."""
        return self._good_s > self._failed_s and self._clock.monotonic_s() - self._good_s < seconds
