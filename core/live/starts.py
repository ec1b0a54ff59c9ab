"""The identifies of bots: a number of them a day, and one for each key in a window.

The key is that of a batch of client shards which start side by side; the next batch waits for the window's end
(Discord's documentation, "Sharding: max concurrency"). Both are limits like others, so all processes of a cluster count
together where the limiter does.
"""

from typing import Final

from typing_extensions import override

from core.live.interfaces import RateLimiter, Rule, SessionStarts, Start, StartsLeft

DAY_S: Final = 86_400.0


class CountedStarts(SessionStarts):
    """Identifies that a limiter counts. `window_s` is 0 for no window."""

    __slots__ = ("_day", "_limiter", "_window")

    def __init__(self, *, limiter: RateLimiter, per_day: int, window_s: float) -> None:
        self._limiter = limiter
        self._day = Rule("session-starts", per_day, DAY_S)
        self._window = Rule("identify", 1, window_s) if window_s else None

    @override
    async def take(self, bot_id: int, key: int) -> Start:
        if self._window is not None:
            standing = await self._limiter.take(self._window, (bot_id, key))
            if standing.retry_after_s:
                return Start(is_allowed=False, hold_s=standing.retry_after_s)
        if not (await self._limiter.take(self._day, bot_id)).retry_after_s:
            return Start(is_allowed=True)
        if self._window is not None:
            await self._limiter.give_back(self._window, (bot_id, key))
        return Start(is_allowed=False)

    @override
    async def find(self, bot_id: int) -> StartsLeft:
        standing = await self._limiter.look(self._day, bot_id)
        return StartsLeft(
            total=standing.limit, remaining=standing.remaining, reset_after_ms=round(standing.reset_after_s * 1000)
        )
