"""The calls that end openings, or leave them to a sweeper, and that nobody waits for any more.

Their callers were cancelled, or Redis has not answered them. Each is made again until it is answered; ending twice
changes nothing.
"""

import asyncio
from functools import partial
from typing import Final

import msgspec

from core.bus.redis import RedisBus
from core.domain.errors import Unavailable
from core.redis.interfaces import Argument, Scripts
from core.redis.keys import tag_of

_PAUSE_S: Final = 0.05


class _Call(msgspec.Struct, frozen=True):
    script: str
    shard: int
    args: tuple[Argument, ...]


class AbandonedCalls:
    """The calls that have yet to be made, in the order in which they came."""

    __slots__ = ("_bus", "_calls", "_scripts")

    def __init__(self, *, bus: RedisBus, scripts: Scripts) -> None:
        self._bus = bus
        self._scripts = scripts
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()

    def put(self, script: str, shard: int, args: tuple[Argument, ...]) -> None:
        """Have a call made."""
        self._calls.put_nowait(_Call(script, shard, args))

    async def run(self) -> None:
        """Make the calls, until cancelled."""
        while True:
            call = await self._calls.get()
            try:
                await self._bus.insist(partial(self._scripts.call, call.script, tag_of(call.shard), *call.args))
            except Unavailable:
                self._calls.put_nowait(call)
                await asyncio.sleep(_PAUSE_S)
