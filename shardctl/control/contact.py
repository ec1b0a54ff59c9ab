"""For how long a process has seen Redis without an interruption: the time in which no lease can have ended because its
holder could not renew it.
"""

from collections.abc import Callable
from typing import Final

_SLOW: Final = 1 / 2
"""The part of a lease's time after which an answer counts as an interruption. A renewal may have waited as long, and is
made when half of the time is over at the latest."""


class Contact:
    """The contact of one process with Redis."""

    __slots__ = ("_lifetime_s", "_now_s", "_since_s", "run_id")

    def __init__(self, *, now_s: Callable[[], float], lifetime_s: float) -> None:
        """`lifetime_s`: how long a lease lives."""
        self._now_s = now_s
        self._lifetime_s = lifetime_s
        self.run_id = ""
        """The run of the server that has answered last, "" before the first answer."""
        self._since_s = now_s()

    @property
    def is_steady(self) -> bool:
        """Whether every holder that lives has had time to renew its lease."""
        return self._now_s() - self._since_s >= self._lifetime_s

    def note_answer(self, run_id: str, seconds: float) -> None:
        """Take note of an answer by a run of the server, which took so long.

        A process that has just begun to look does not know what was before.
        """
        if run_id != self.run_id or seconds > self._lifetime_s * _SLOW:
            self.run_id = run_id
            self.note_loss()

    def note_loss(self) -> None:
        """Take note that Redis has not answered, or has lost what it had."""
        self._since_s = self._now_s()
