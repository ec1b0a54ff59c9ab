"""What is true just now, in the memory of the one process that has all gateways and APIs."""

from collections.abc import Collection, Mapping
from typing import Final

from core.live.interfaces import StartsLeft
from core.runtime.clock import Clock

DAY_S: Final = 86_400.0
_FORGET_ABOVE: Final = 10_000
"""Entries at which old ones are looked for."""


class MemoryOnlineCounts:
    """An `OnlineCounts`."""

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
    """A `SessionStarts`."""

    __slots__ = ("_clock", "_days", "_per_day")

    def __init__(self, *, clock: Clock, per_day: int) -> None:
        self._clock = clock
        self._per_day = per_day
        self._days: dict[int, tuple[float, int]] = {}
        """Bot → when its day began, and its starts since."""

    def take(self, bot_id: int) -> bool:
        """See `SessionStarts`."""
        now_s = self._clock.monotonic_s()
        began_s, starts = self._day(bot_id, now_s)
        if starts >= self._per_day:
            return False
        if len(self._days) > _FORGET_ABOVE:
            self._days = {bot: day for bot, day in self._days.items() if now_s - day[0] < DAY_S}
        self._days[bot_id] = (began_s, starts + 1)
        return True

    async def find(self, bot_id: int) -> StartsLeft:
        """See `SessionStarts`."""
        now_s = self._clock.monotonic_s()
        began_s, starts = self._day(bot_id, now_s)
        return StartsLeft(
            total=self._per_day,
            remaining=max(0, self._per_day - starts),
            reset_after_ms=round((began_s + DAY_S - now_s) * 1000),
        )

    def _day(self, bot_id: int, now_s: float) -> tuple[float, int]:
        began_s, starts = self._days.get(bot_id, (now_s, 0))
        return (now_s, 0) if now_s - began_s >= DAY_S else (began_s, starts)
