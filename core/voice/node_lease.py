"""A media node's lease of its name in Redis, by which workers find it.

The process that keeps the node's own process renews it. A change that others must know at once (the node has ended, or
is up again, or is drained) is published as well. The lease ends by itself when the machine is gone.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.voice.registered_node import RegisteredNode, encode_node

logger = logging.getLogger(__name__)

_LEAVE_S: Final = 0.5
"""The time for the last word of a node that stops; without it the lease ends by itself."""


class NodeLease:
    """The lease. `run` goes on beside the node."""

    __slots__ = ("_describe", "_holder", "_life_s", "_scripts", "_told", "_wake")

    def __init__(
        self, *, holder: str, scripts: Scripts, describe: Callable[[], RegisteredNode], life_s: float = 3.0
    ) -> None:
        """`holder` names this life of the process; `describe` returns the node as it is now."""
        self._holder = holder
        self._scripts = scripts
        self._describe = describe
        self._life_s = life_s
        self._told: RegisteredNode | None = None
        self._wake = asyncio.Event()

    def note_change(self) -> None:
        """Renew the lease at once: the node is another one now."""
        self._wake.set()

    async def run(self) -> None:
        """Take the lease and renew it, until cancelled; then give it up."""
        try:
            while True:
                self._wake.clear()
                await self.renew()
                try:
                    async with asyncio.timeout(self._life_s / 3):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            await self._leave()

    async def renew(self) -> None:
        """Take or renew the lease once."""
        node = self._describe()
        args = (node.name, self._holder, round(self._life_s * 1000), int(self._is_news(node)), encode_node(node))
        try:
            word, *_ = await self._scripts.call("node_lease", ANY_TAG, *args)
        except Unavailable as error:
            logger.warning("a media node's lease was not renewed", extra={"node": node.name, "reason": str(error)})
            return
        if word == b"OK":
            self._told = node
        else:  # an earlier life of this process that was killed, whose lease ends by itself, or a node of the same name
            logger.warning("another process has this media node's name", extra={"node": node.name})

    def _is_news(self, node: RegisteredNode) -> bool:
        told = self._told
        return told is None or told != msgspec.structs.replace(node, rooms=told.rooms, peers=told.peers, busy=told.busy)

    async def _leave(self) -> None:
        node = self._describe()
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._scripts.call("node_leave", ANY_TAG, node.name, self._holder)
        except (Unavailable, TimeoutError):
            logger.info("a media node's lease ends by itself", extra={"node": node.name})
