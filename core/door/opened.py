"""One opening of a process at a door in Redis, and its end by others."""

import asyncio
from contextlib import suppress

from core.domain.errors import Unavailable


class OpeningGone(Unavailable):
    """The opening was ended by others, or forgotten, and its event is not in the log. What was stored is to be undone
    where it is a new message, and to be told by other means where it is a change."""


class Opened:
    """An opening of this process that is not ended yet."""

    __slots__ = ("channel_id", "id", "outcome", "seen", "shard")

    def __init__(self, opened_id: int, shard: int, channel_id: int) -> None:
        self.id = opened_id
        self.shard = shard
        self.channel_id = channel_id
        self.seen = asyncio.Event()
        """Set when an event of this opening has passed in our tail."""
        self.outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The id of the message that answers repeats, 0 when it has failed."""

    async def wait_seen(self, timeout_s: float) -> bool:
        """Wait until an event of this opening has passed; return False when it does not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.seen.wait()
        return self.seen.is_set()
