"""How often a bot may identify: one client shard per key and window, and so many starts a day.

The key is `shard_id % max_concurrency`, so that `max_concurrency` shards can start side by side and each next batch waits for
the window (Discord's documentation, "Sharding: max concurrency"). People's clients are not limited here. Pure: time is an
argument.
"""

from typing import Final

DAY_S: Final = 86_400.0
_FORGET_ABOVE: Final = 10_000
"""Entries at which old ones are looked for."""


class IdentifyLimits:
    """Who identified when."""

    __slots__ = ("_concurrency", "_days", "_last_s", "_per_day", "_window_s")

    def __init__(self, *, concurrency: int, window_s: float, per_day: int) -> None:
        self._concurrency = concurrency
        self._window_s = window_s
        self._per_day = per_day
        self._last_s: dict[tuple[int, int], float] = {}
        self._days: dict[int, tuple[float, int]] = {}
        """Bot → when its day began, and its starts since."""

    def take(self, bot_id: int, shard_id: int, now_s: float) -> bool:
        """Whether the bot may identify now; if so it counts as done."""
        key = (bot_id, shard_id % self._concurrency)
        last_s = self._last_s.get(key)
        began_s, starts = self._day(bot_id, now_s)
        if starts >= self._per_day or (last_s is not None and now_s - last_s < self._window_s):
            return False
        self._forget(now_s)
        self._last_s[key] = now_s
        self._days[bot_id] = (began_s, starts + 1)
        return True

    def _day(self, bot_id: int, now_s: float) -> tuple[float, int]:
        began_s, starts = self._days.get(bot_id, (now_s, 0))
        return (now_s, 0) if now_s - began_s >= DAY_S else (began_s, starts)

    def _forget(self, now_s: float) -> None:
        if len(self._last_s) > _FORGET_ABOVE:
            self._last_s = {key: last for key, last in self._last_s.items() if now_s - last < self._window_s}
        if len(self._days) > _FORGET_ABOVE:
            self._days = {bot: day for bot, day in self._days.items() if now_s - day[0] < DAY_S}
