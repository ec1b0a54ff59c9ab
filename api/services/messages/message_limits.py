"""The limits of sending, over REST and the socket alike: those of the instance, and a channel's slow mode."""

from typing import Final

from cachetools import FIFOCache

from api.services.access import ChannelAccess
from api.services.limits import Limits
from core.domain.errors import SlowMode
from core.domain.permissions import Permission
from core.domain.user import User
from core.runtime.clock import Clock

_BYPASS: Final = int(Permission.BYPASS_SLOWMODE)
_MAX_WAITING: Final = 100_000
"""The number of senders that are remembered for slow mode. The oldest go first."""


class MessageLimits:
    """Counts a message against each of its limits."""

    __slots__ = ("_clock", "_limits", "_sent")

    def __init__(self, *, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._sent: FIFOCache[tuple[int, int], float] = FIFOCache(_MAX_WAITING)
        """The time (monotonic seconds) of a user's last message in a channel with slow mode, oldest first."""

    async def take(self, access: ChannelAccess, author: User) -> None:
        """Count a message that is about to be sent.

        Raises:
            SlowMode: by the channel; bots and members with BYPASS_SLOWMODE do not wait.
            RateLimited: by the instance.
        """
        channel = access.channel
        is_slowed = channel.rate_limit_per_user > 0 and not author.bot and not access.has(_BYPASS)
        if is_slowed:
            self._wait_for_slow_mode((channel.id, author.id), channel.rate_limit_per_user)
        await self._limits.take_message(author.id, channel.id)
        if is_slowed:
            self._sent[channel.id, author.id] = self._clock.monotonic_s()

    def _wait_for_slow_mode(self, key: tuple[int, int], interval_s: int) -> None:
        sent_s = self._sent.get(key)
        if sent_s is None:
            return
        left_s = sent_s + interval_s - self._clock.monotonic_s()
        if left_s > 0:
            raise SlowMode(left_s)
