"""The live state in the memory of the one process that has all gateways and APIs."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from cachetools import TTLCache

from core.live.interfaces import StartsLeft
from core.runtime.clock import Clock

DAY_S: Final = 86_400.0
_MAX_BOTS: Final = 100_000
"""The most bots that are remembered. Those whose day began first are forgotten first."""


class _Day(msgspec.Struct):
    """The beginning of a bot's day (monotonic seconds), and its starts since."""

    began_s: float
    starts: int = 0


class MemoryOnlineCounts:
    """The counts of `OnlineCounts` in a dict."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def put(self, guild_id: int, count: int) -> None:
        """See `OnlineCounts`."""
        if count:
            self._counts[guild_id] = count
        else:
            self._counts.pop(guild_id, None)

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        """See `OnlineCounts`."""
        return {guild_id: self._counts[guild_id] for guild_id in guild_ids if guild_id in self._counts}


class MemorySessionStarts:
    """The days of `SessionStarts` in a cache that forgets a day when it is over."""

    __slots__ = ("_clock", "_days", "_per_day")

    def __init__(self, *, clock: Clock, per_day: int) -> None:
        self._clock = clock
        self._per_day = per_day
        self._days: TTLCache[int, _Day] = TTLCache(_MAX_BOTS, DAY_S, timer=clock.monotonic_s)

    def take(self, bot_id: int) -> bool:
        """See `SessionStarts`."""
        day = self._days.get(bot_id)
        if day is None:
            day = self._days[bot_id] = _Day(self._clock.monotonic_s())
        if day.starts >= self._per_day:
            return False
        day.starts += 1
        return True

    async def find(self, bot_id: int) -> StartsLeft:
        """See `SessionStarts`."""
        now_s = self._clock.monotonic_s()
        day = self._days.get(bot_id) or _Day(now_s)
        return StartsLeft(
            total=self._per_day,
            remaining=max(0, self._per_day - day.starts),
            reset_after_ms=round((day.began_s + DAY_S - now_s) * 1000),
        )
