"""The limits of sending, counted in memory: those of the instance, and a channel's slow mode."""

from typing import Final

from cachetools import FIFOCache

from core.domain.errors import RateLimited, SlowMode
from core.door.interfaces import Opening
from core.door.rules import MessageRules, next_standing
from core.live.interfaces import Standing
from core.live.limits import MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.clock import Clock

_MAX_WAITING: Final = 100_000
"""The number of senders that are remembered for slow mode. The oldest go first."""


class MemoryMessageLimits:
    """Counts a message against each of its limits, without ever suspending its caller."""

    __slots__ = ("_clock", "_limiter", "_refusals", "_rules", "_sent")

    def __init__(
        self, *, limiter: MemoryRateLimiter, rules: MessageRules | None, refusals: Refusals, clock: Clock
    ) -> None:
        """`rules` is None when limits are off; slow mode holds all the same."""
        self._limiter = limiter
        self._rules = rules
        self._refusals = refusals
        self._clock = clock
        self._sent: FIFOCache[tuple[int, int], float] = FIFOCache(_MAX_WAITING)
        """The time (monotonic seconds) of a user's last message in a channel with slow mode, oldest first."""

    def set_rules(self, rules: MessageRules | None) -> None:
        """Count against these from now on."""
        self._rules = rules

    def take(self, opening: Opening) -> Standing | None:
        """Count a message, and return its author's standing. Raises SlowMode, RateLimited.

        A message that is refused counts against nothing.
        """
        if opening.slow_mode_s:
            self._wait_for_slow_mode(opening)
        standing = None
        if opening.is_limited and self._rules is not None:
            standing = self._take_rules(self._rules, opening.author_id, opening.channel_id)
        if opening.slow_mode_s:
            self._sent[opening.channel_id, opening.author_id] = self._clock.monotonic_s()
        return standing

    def look(self, author_id: int, channel_id: int) -> Standing | None:
        """See `Door.look`."""
        rules = self._rules
        if rules is None:
            return None
        overall = self._limiter.look_now(rules.overall, author_id)
        return next_standing(overall, self._limiter.look_now(rules.channel, (author_id, channel_id)))

    def _wait_for_slow_mode(self, opening: Opening) -> None:
        sent_s = self._sent.get((opening.channel_id, opening.author_id))
        if sent_s is None:
            return
        left_s = sent_s + opening.slow_mode_s - self._clock.monotonic_s()
        if left_s > 0:
            raise SlowMode(left_s)

    def _take_rules(self, rules: MessageRules, author_id: int, channel_id: int) -> Standing:
        overall = self._limiter.look_now(rules.overall, author_id)
        if overall.retry_after_s:
            self._refusals.tell(rules.overall, author_id)
            raise RateLimited(overall.retry_after_s)
        taken = self._limiter.take_now(rules.channel, (author_id, channel_id))
        if taken.retry_after_s:
            self._refusals.tell(rules.channel, author_id)
            raise RateLimited(taken.retry_after_s)
        return next_standing(self._limiter.take_now(rules.overall, author_id), taken)
