"""How the writer fares: when it last committed, why it last could not, how long its commits take.

A disk that is full fails every commit, thousands a minute; what the operator needs of them is one text. So a failure is
a line without a traceback, of which the log keeps a few a minute.
"""

import logging
from typing import Final

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.store.sql.engine.errors import reason_of

logger = logging.getLogger(__name__)

_RECENT_S: Final = 3.0
"""The writer counts as failing for this long after a failure, unless something was committed since."""
_STUCK_S: Final = 3.0
"""Another process that holds the database is waited for (`busy_timeout`), and all writes wait meanwhile."""


class Commits:
    """Notes how each commit ends, and says what follows from it."""

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
        """When a commit begins, for `note_good`."""
        return self._clock.monotonic_s()

    def note_begun(self) -> None:
        """The writer has taken up a batch of work."""
        self._begun_s = self._clock.monotonic_s()

    def note_ended(self) -> None:
        """The writer is done with the batch, whether it was committed or not."""
        self._begun_s = float("inf")

    def note_good(self, began_s: float) -> None:
        """A transaction has been committed."""
        self._good_s = self._clock.monotonic_s()
        self._metrics.store.commit_seconds.observe(self._good_s - began_s)
        self._last = None

    def note_failed(self, error: Unavailable) -> None:
        """The database has refused to write. The same error may be told more than once."""
        if error is self._last:
            return
        self._last = error
        self._failed_s = self._clock.monotonic_s()
        self._reason = reason_of(error)
        self._metrics.store.commit_failures_total.inc()
        logger.error("commit failed", extra={"reason": self._reason})

    def find_fault(self) -> str | None:
        """Why nothing can be written just now, as far as was tried lately."""
        now_s = self._clock.monotonic_s()
        if now_s - self._begun_s >= _STUCK_S:
            return "a write does not come to its end"
        is_recent = now_s - self._failed_s < _RECENT_S
        return f"writes fail: {self._reason}" if is_recent and self._good_s <= self._failed_s else None

    @property
    def has_failed(self) -> bool:
        """Whether the last that was heard of the database is that it refused a write."""
        return self._failed_s > float("-inf") and self._failed_s >= self._good_s

    def has_committed_within(self, seconds: float) -> bool:
        """Whether there is proof so young that the database can be written."""
        return self._good_s > self._failed_s and self._clock.monotonic_s() - self._good_s < seconds
