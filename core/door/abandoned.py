"""The ends of openings that nobody waits for any more.

Their callers were cancelled, or Redis has not answered them. Each is tried until it is known how it ended, beside the
others; ending twice changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from core.bus.redis import RedisBus
from core.domain.errors import Unavailable
from core.redis.interfaces import Argument, Scripts
from core.redis.keys import tag_of

_PAUSE_S: Final = 0.05

End = Callable[[], Awaitable[object]]
"""Ends one opening. Raises Unavailable when it is to be called again."""


class AbandonedEnds:
    """What has yet to be ended."""

    __slots__ = ("_bus", "_ends", "_scripts")

    def __init__(self, *, bus: RedisBus, scripts: Scripts) -> None:
        self._bus = bus
        self._scripts = scripts
        self._ends: asyncio.Queue[End] = asyncio.Queue()

    def put(self, end: End) -> None:
        """Have something ended."""
        self._ends.put_nowait(end)

    def put_call(self, script: str, shard: int, args: tuple[Argument, ...]) -> None:
        """Have a script called."""
        self.put(partial(self._bus.insist, partial(self._scripts.call, script, tag_of(shard), *args)))

    async def run(self) -> None:
        """End all, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(_try(await self._ends.get()))


async def _try(end: End) -> None:
    while True:
        try:
            await end()
        except Unavailable:
            await asyncio.sleep(_PAUSE_S)
        else:
            return
