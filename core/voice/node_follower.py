"""The follower: the media nodes of a cluster as one worker knows them.

```
 published name ─→ read the leases ─→ offer the nodes that there are
 each second ─────────↑
```

A lease that has ended without a word says little, since Redis may have lost it. So a node whose link is alive stays
until that is over too; a node that says itself that it has no process is gone at once.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final

from typing_extensions import override

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts, TopicListener, Topics
from core.redis.keys import VOICE_TOPIC
from core.voice.placement import NodeAddress
from core.voice.registered_node import RegisteredNode, fetch_nodes

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0

Offer = Callable[[Mapping[str, NodeAddress]], None]


class NodeFollower(TopicListener):
    """The nodes. `run` goes on beside the gateway."""

    __slots__ = ("_changed", "_is_linked", "_known", "_names", "_offer", "_scripts", "_topics")

    def __init__(self, *, scripts: Scripts, topics: Topics, offer: Offer, is_linked: Callable[[str], bool]) -> None:
        """`topics` is a connection of the follower's own. `is_linked` says whether a wire to a node's life is open."""
        self._scripts = scripts
        self._topics = topics
        self._offer = offer
        self._is_linked = is_linked
        self._known: dict[str, NodeAddress] = {}
        self._names: dict[str, str] = {}
        """The name of each life."""
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow the leases until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._topics.listen([VOICE_TOPIC], self))
            tasks.create_task(self._look_again_and_again())

    async def _look_again_and_again(self) -> None:
        while True:
            self._changed.clear()
            await self.look()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Look once."""
        try:
            nodes = await fetch_nodes(self._scripts)
        except Unavailable as error:
            logger.warning("the leases of the media nodes were not read", extra={"reason": error.text})
            return
        self._take(nodes)

    def _take(self, nodes: Collection[RegisteredNode]) -> None:
        named = {node.name for node in nodes}
        living = {node.life: node for node in nodes if node.life}
        kept = {
            life: address
            for life, address in self._known.items()
            if life not in living and self._names[life] not in named and self._is_linked(life)
        }
        self._known = kept | {life: node.find_address() for life, node in living.items()}
        self._names = {life: living[life].name if life in living else self._names[life] for life in self._known}
        self._offer(self._known)

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        self._changed.set()

    @override
    def on_subscribed(self) -> None:
        self._changed.set()

    @override
    def on_pong(self) -> None:
        """Nobody asks for it."""

    @override
    def on_lost(self) -> None:
        """The look of each second goes on meanwhile."""
