"""The live state of a cluster in Redis: each worker writes its part in batches, and API processes read it.

Workers have everything in memory and are right; Redis is where others look. What has changed is written a few times a
second, and everything twice in the time for which a value lives. So a worker that has died is not heard of for longer
than that, and a Redis that forgot it all has it again. A guild's next home writes over what the one before has said. A
reader that gets no answer says what it would say of something that is not there.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final

from typing_extensions import override

from core.domain.errors import Unavailable
from core.live.interfaces import OnlineCounts
from core.redis.interfaces import Plain
from core.redis.keys import online_key

logger = logging.getLogger(__name__)

BATCH_S: Final = 0.25
"""The time in which changes are gathered. Nobody sees such numbers change faster."""
LIFE_S: Final = 90.0
"""The time for which a value lives that nobody writes again."""
_REWRITE_BATCHES: Final = 160
"""Everything is written once in so many batches: 40 seconds."""
_MOST_AT_ONCE: Final = 2000
"""The values of one write: some milliseconds of Redis."""


class RedisOnlineCounts(OnlineCounts):
    """Counts that a guild's home puts and everybody finds. `run` goes on beside a worker."""

    __slots__ = ("_changed", "_counts", "_plain")

    def __init__(self, *, plain: Plain) -> None:
        self._changed: set[int] = set()
        self._counts: dict[int, int] = {}
        """The counts of the guilds whose home is here."""
        self._plain = plain

    async def run(self) -> None:
        """Write what is put, and everything now and then, until cancelled."""
        batches = 0
        while True:
            await asyncio.sleep(BATCH_S)
            batches += 1
            if batches % _REWRITE_BATCHES == 0:
                self.repeat()
            try:
                await self.flush()
            except Unavailable as error:
                logger.warning("online counts are not written now", extra={"reason": str(error)})

    def repeat(self) -> None:
        """Write everything with the next batch."""
        self._changed |= self._counts.keys()

    async def flush(self) -> None:
        """Write what has changed. Raises Unavailable, and then it is written later."""
        while self._changed:
            some = [self._changed.pop() for _ in range(min(_MOST_AT_ONCE, len(self._changed)))]
            values = {online_key(each): str(self._counts[each]) for each in some if each in self._counts}
            gone = [online_key(each) for each in some if each not in self._counts]
            try:
                await self._plain.write_for(values, LIFE_S, gone)
            except Unavailable:
                self._changed.update(some)
                raise

    @override
    def put(self, guild_id: int, count: int) -> None:
        self._changed.add(guild_id)
        if count:
            self._counts[guild_id] = count
        else:
            self._counts.pop(guild_id, None)

    @override
    def let_go(self, guild_id: int) -> None:
        self._changed.discard(guild_id)
        self._counts.pop(guild_id, None)

    @override
    async def find_many(self, guild_ids: Collection[int]) -> Mapping[int, int]:
        try:
            found = await self._plain.read_many([online_key(guild_id) for guild_id in guild_ids])
        except Unavailable as error:
            logger.warning("online counts are not read now", extra={"reason": str(error)})
            return {}
        return {guild_id: int(count) for guild_id, count in zip(guild_ids, found, strict=True) if count is not None}
