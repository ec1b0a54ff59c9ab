"""The follower: the shard map as one process knows it.

```
 published version ─→ newer than ours? ─→ read the map ─→ listeners
 each second ─────────────────────────────↑
```

What is published may be lost, so the map's version is compared each second as well, and after each loss of the
connection. A reading costs a handful of bytes while nothing has changed.

A map of version 0 is that of a Redis which has lost it. That says nothing of who has which shard, so the follower keeps
what it knows until a controller has written the map again.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts, TopicListener, Topics
from core.redis.keys import MAP_TOPIC
from core.shards.map_reader import fetch_map
from core.shards.shard_map import EMPTY, ShardMap

logger = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""The time after which the map is compared although nothing was published."""

Listener = Callable[[ShardMap], None]


class MapFollower(TopicListener):
    """The map of one process. `run` goes on beside it."""

    __slots__ = ("_changed", "_listeners", "_scripts", "_topics", "map")

    def __init__(self, *, scripts: Scripts, topics: Topics) -> None:
        """`topics` is a connection of the follower's own."""
        self._scripts = scripts
        self._topics = topics
        self._listeners: list[Listener] = []
        self._changed = asyncio.Event()
        self.map: ShardMap = EMPTY
        """The newest version that this process has read."""

    def on_change(self, listener: Listener) -> None:
        """Call `listener` with each new version, in order. It must be quick."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow the map until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._topics.listen([MAP_TOPIC], self))
            tasks.create_task(self._read_again_and_again())

    async def _read_again_and_again(self) -> None:
        while True:
            try:
                await self.read()
            except Unavailable as error:
                logger.warning("the shard map was not read", extra={"reason": str(error)})
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def read(self) -> None:
        """Read the map, if it has another version than ours. Raises Unavailable."""
        self._changed.clear()
        found = await fetch_map(self._scripts, self.map)
        if found.version in (0, self.map.version):
            return
        self.map = found
        for listener in self._listeners:
            listener(found)

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        if int(data) != self.map.version:
            self._changed.set()

    @override
    def on_subscribed(self) -> None:
        self._changed.set()

    @override
    def on_pong(self) -> None:
        """Nobody asks for it."""

    @override
    def on_lost(self) -> None:
        """The comparison of each second goes on meanwhile."""
