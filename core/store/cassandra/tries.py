"""The repetition of a write whose outcome is not known.

A write that was surely not done fails at once. One that may have been done is repeated, since its statements allow
that, until an answer comes or the time is over: then its outcome stays unknown, whatever the last try has said.
"""

import asyncio
from typing import Final

from core.domain.errors import OutcomeUnknown, Unavailable
from core.runtime.clock import Clock

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
"""Pauses double between these: a lost answer is asked for soon, a server that is away is not pressed."""


class Tries:
    """The tries of one write."""

    __slots__ = ("_clock", "_end_s", "_pause_s", "is_unknown")

    def __init__(self, *, clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._end_s = clock.monotonic_s() + limit_s
        self._pause_s = _FIRST_PAUSE_S
        self.is_unknown = False
        """Whether a try so far may have been done."""

    async def rest_after(self, error: Unavailable) -> None:
        """Wait before the next try.

        Raises:
            Unavailable: when nothing was done so far.
            OutcomeUnknown: when the time is over.
        """
        self.is_unknown = self.is_unknown or isinstance(error, OutcomeUnknown)
        if not self.is_unknown:
            raise error
        if self._clock.monotonic_s() + self._pause_s > self._end_s:
            raise OutcomeUnknown from error
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


class TryLimit:
    """How long writes are repeated."""

    __slots__ = ("_clock", "_limit_s")

    def __init__(self, *, clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._limit_s = limit_s

    def begin(self) -> Tries:
        """Return the tries of a write that begins now."""
        return Tries(clock=self._clock, limit_s=self._limit_s)
