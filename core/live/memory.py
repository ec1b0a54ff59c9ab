"""The live state in the memory of the one process that has all gateways and APIs."""

from collections.abc import Collection, Mapping


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

    def let_go(self, guild_id: int) -> None:
        """Do nothing: gateways of one process have one count."""

    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        """See `OnlineCounts`."""
        return {guild_id: self._counts[guild_id] for guild_id in guild_ids if guild_id in self._counts}
