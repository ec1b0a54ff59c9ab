"""The limits of a bot's identifies: one client shard per key and window, and a number of starts a day.

The key is `shard_id % max_concurrency`, so that `max_concurrency` shards can start side by side and each next batch
waits for the window (Discord's documentation, "Sharding: max concurrency"). People's clients are not limited here.
`core.live` counts the starts of a day, because bots ask the API how many are left. Time is an argument.
"""

from typing import Final

from cachetools import FIFOCache

from core.live.interfaces import SessionStarts

_MAX_REMEMBERED: Final = 100_000
"""The number of pairs of bot and key that are remembered. The oldest ones are evicted first."""


class IdentifyLimits:
    """The time of the last identify of each bot and key."""

    __slots__ = ("_concurrency", "_last_s", "_starts", "_window_s")

    def __init__(self, *, concurrency: int, window_s: float, starts: SessionStarts) -> None:
        self._concurrency = concurrency
        self._window_s = window_s
        self._starts = starts
        self._last_s: FIFOCache[tuple[int, int], float] = FIFOCache(_MAX_REMEMBERED)

    def take(self, bot_id: int, shard_id: int, now_s: float) -> bool:
        """Return whether the bot may identify now, and count it then."""
        key = (bot_id, shard_id % self._concurrency)
        last_s = self._last_s.get(key)
        if (last_s is not None and now_s - last_s < self._window_s) or not self._starts.take(bot_id):
            return False
        self._last_s[key] = now_s
        return True

    def remaining_s(self, bot_id: int, shard_id: int, now_s: float) -> float:
        """Return how long the window of the bot's last identify still lasts; 0 when there is none."""
        last_s = self._last_s.get((bot_id, shard_id % self._concurrency), float("-inf"))
        return max(0.0, last_s + self._window_s - now_s)
