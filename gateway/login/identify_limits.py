"""How often a bot may identify: one client shard per key and window, and so many starts a day.

The key is `shard_id % max_concurrency`, so that `max_concurrency` shards can start side by side and each next batch waits for
the window (Discord's documentation, "Sharding: max concurrency"). People's clients are not limited here. The starts of a day are
counted in `core.live`, because bots ask the API how many are left. Time is an argument.
"""

from typing import Final

from cachetools import FIFOCache

from core.live.interfaces import SessionStarts

_MAX_REMEMBERED: Final = 100_000
"""Bots, times the shards that they may start side by side; the ones that identified longest ago are forgotten first."""


class IdentifyLimits:
    """Who identified when."""

    __slots__ = ("_concurrency", "_last_s", "_starts", "_window_s")

    def __init__(self, *, concurrency: int, window_s: float, starts: SessionStarts) -> None:
        self._concurrency = concurrency
        self._window_s = window_s
        self._starts = starts
        self._last_s: FIFOCache[tuple[int, int], float] = FIFOCache(_MAX_REMEMBERED)

    def take(self, bot_id: int, shard_id: int, now_s: float) -> bool:
        """Whether the bot may identify now; if so it counts as done."""
        key = (bot_id, shard_id % self._concurrency)
        last_s = self._last_s.get(key)
        if (last_s is not None and now_s - last_s < self._window_s) or not self._starts.take(bot_id):
            return False
        self._last_s[key] = now_s
        return True

    def remaining_s(self, bot_id: int, shard_id: int, now_s: float) -> float:
        """How long the window in which the bot identified last still lasts; 0 when there is none."""
        last_s = self._last_s.get((bot_id, shard_id % self._concurrency), float("-inf"))
        return max(0.0, last_s + self._window_s - now_s)
