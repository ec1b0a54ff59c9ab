"""The queue of guilds that are to be loaded: guilds that wait at the same time are read from the store together.

```
 ask ─→ waiting ─→ read, up to GUILDS_A_READ together ─→ an actor is made in each turn of the loop ─→ loaded
                                                └────→ failed
```

A person's login in a server that has just started asks for up to 200 guilds in one turn. Each alone would be three
trips to the store, which cost more than the reads. On SQLite a read also goes on in a thread that gives the
interpreter's lock away for each row, so reads at once, or a read beside work, mostly wait for each other.

When the store fails, all guilds of the read fail. Rows that cannot be understood fail their guild alone.

Owns the queue. The guilds are the directory's (`gateway.guilds.guild_directory`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from core.domain.errors import Unavailable
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_loader import GuildLoader, GuildRows
from gateway.guilds.guild_stay import GuildEntry
from gateway.scheduling.tasks import Tasks

logger = logging.getLogger(__name__)

GUILDS_A_READ: Final = 16
"""The guilds of one read: enough to share the cost of its trips. With 250 members each, the most that are read at once,
their rows take the loop 10 ms."""

READS_AT_ONCE: Final = 2
"""The second read is for the wait of the first one: a database across a network answers in milliseconds."""


class GuildLoads:
    __slots__ = ("_loader", "_on_failed", "_on_loaded", "_reads", "_tasks", "_waiting")

    def __init__(
        self,
        *,
        loader: GuildLoader,
        tasks: Tasks,
        on_loaded: Callable[[GuildEntry, GuildActor | None], None],
        on_failed: Callable[[GuildEntry, Exception], None],
    ) -> None:
        """`on_loaded` takes each guild's actor, or None when there is no such guild."""
        self._loader = loader
        self._on_failed = on_failed
        self._on_loaded = on_loaded
        self._tasks = tasks
        self._reads = 0
        self._waiting: deque[GuildEntry] = deque()

    def ask(self, entry: GuildEntry) -> None:
        """Load a guild. The read begins after this turn of the loop, so guilds asked for in one turn are together."""
        self._waiting.append(entry)
        if self._reads < READS_AT_ONCE:
            self._reads += 1
            self._tasks.spawn(self._load_waiting())

    async def _load_waiting(self) -> None:
        try:
            while self._waiting:
                await self._load([self._waiting.popleft() for _ in range(min(GUILDS_A_READ, len(self._waiting)))])
        finally:
            self._reads -= 1

    async def _load(self, entries: Sequence[GuildEntry]) -> None:
        try:
            rows = await self._loader.read([entry.guild_id for entry in entries])
        except Exception as error:  # whatever the error is, the stays that wait must get it
            if isinstance(error, Unavailable) or len(entries) == 1:
                for entry in entries:
                    self._fail(entry, error)
            else:  # one guild has rows that cannot be read
                for entry in entries:
                    await self._load([entry])
            return
        for entry in entries:
            self._make(entry, rows)
            await asyncio.sleep(0)

    def _make(self, entry: GuildEntry, rows: GuildRows) -> None:
        try:
            self._on_loaded(entry, self._loader.make_actor(entry.guild_id, rows))
        except Exception as error:  # as above
            self._fail(entry, error)

    def _fail(self, entry: GuildEntry, error: Exception) -> None:
        if not isinstance(error, Unavailable):
            logger.error("the load of a guild failed", exc_info=error, extra={"guild_id": entry.guild_id})
        self._on_failed(entry, error)
