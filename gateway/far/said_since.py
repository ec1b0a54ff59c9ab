"""What was said in a guild since a user has joined, for a guest that comes a moment later.

The guest's host hears of the join by itself, and asks then. Meanwhile the home may have dispatched messages to all who
were there. So they are read from the log, after the position that the host names. If the join lies behind it, the stay
leaves out what came before (`gateway.guilds.guild_stay`).
"""

from collections.abc import Iterable

from core.bus.interfaces import Delivery, LogTrimmed
from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.far.frames import Enter
from gateway.homes.missed_events import MissedEvents, MissedTooMuch


class SaidSince:
    __slots__ = ("_missed", "_num_shards", "_progress")

    def __init__(self, *, missed: MissedEvents, progress: LogProgress, num_shards: int) -> None:
        self._missed = missed
        self._num_shards = num_shards
        self._progress = progress

    def find_end(self, guild_id: int) -> int:
        """Return the position up to which the guild's events were dispatched here."""
        return self._progress.heard(shard_of(guild_id, self._num_shards))

    def find_ends(self, guild_ids: Iterable[int]) -> dict[int, int]:
        """Return the positions up to which the shards of guilds were dispatched here, by shard."""
        shards = {shard_of(guild_id, self._num_shards) for guild_id in guild_ids}
        return {shard: self._progress.heard(shard) for shard in shards}

    async def read(self, frame: Enter, until: int) -> list[Delivery]:
        """Return what has happened in the guild up to a position. Nothing when the log does not reach back so far.

        Raises:
            Unavailable: when the log cannot be read.
        """
        shard = shard_of(frame.guild_id, self._num_shards)
        try:
            read = await self._missed.read(shard, after=frame.after, until=until)
        except (LogTrimmed, MissedTooMuch):
            return []
        return [delivery for delivery in read if delivery.envelope.guild_id == frame.guild_id]
