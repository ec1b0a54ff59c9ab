"""Openings that their processes do not end, for the one who sweeps.

A process is dead when it has not said for two seconds that it lives. Openings that a living process has left are listed
at once; very old ones belong to nobody any more, whoever has them.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from core.bus.redis import RedisBus
from core.domain.ids import snowflake_at
from core.door.closing import closing_args, door_shard
from core.door.pending import Orphan, decode_pending
from core.redis.interfaces import Answer, Argument, Scripts
from core.redis.keys import ANY_TAG, tag_of
from core.runtime.clock import Clock
from core.wire.envelope import Envelope

_MOST: Final = 100
"""The openings that are listed at once, a second of a sweeper's work."""
_OLDEST_MS: Final = 30_000
"""The age at which an opening is nobody's any more: storing gives up after ten seconds."""


class RedisOrphans:
    """The openings of others. All methods raise Unavailable when Redis does not answer."""

    __slots__ = ("_bus", "_clock", "_scripts")

    def __init__(self, *, bus: RedisBus, scripts: Scripts, clock: Clock) -> None:
        self._bus = bus
        self._scripts = scripts
        self._clock = clock

    async def list_orphans(self, *, is_full: bool = False) -> list[Orphan]:
        """Return openings whose process is dead, and those that were left; with `is_full` also very old ones."""
        oldest: Argument = "0"
        if is_full:
            oldest = snowflake_at(self._clock.now_ms() - _OLDEST_MS).to_bytes(8, "big")
        answer = await self._scripts.call("door_orphans", ANY_TAG, self._bus.num_shards, _MOST, oldest)
        return [
            Orphan(int.from_bytes(opened, "big"), int(channel), decode_pending(what))
            for _, opened, channel, what in answer
        ]

    async def take(self, orphan: Orphan) -> bool:
        """Make sure that its own process does not end an opening any more; return False when it has ended already."""
        shard = door_shard(self._bus, orphan.pending.guild_id, orphan.channel_id)
        answer = await self._scripts.call("door_leave", tag_of(shard), orphan.id.to_bytes(8, "big"))
        return bool(answer[0] == b"OK")

    async def close_orphan(self, orphan: Orphan, envelopes: Sequence[Envelope]) -> bool:
        """End an opening by its events, one of which has the opening's id: by that its own process knows it.

        Return whether it was open until now.
        """
        shard = door_shard(self._bus, orphan.pending.guild_id, orphan.channel_id)

        def ask() -> "asyncio.Future[Answer]":
            args = closing_args(self._bus, orphan.id, orphan.channel_id, envelopes, incarnation="")
            return self._scripts.call("door_close", tag_of(shard), *args)

        return bool((await self._bus.insist(ask))[0] != b"GONE")

    async def abort_orphan(self, orphan: Orphan) -> bool:
        """End an opening without an event; return whether it was open until now."""
        shard = door_shard(self._bus, orphan.pending.guild_id, orphan.channel_id)
        args = (orphan.id.to_bytes(8, "big"), orphan.channel_id, "")
        answer = await self._bus.insist(partial(self._scripts.call, "door_abort", tag_of(shard), *args))
        return bool(answer[0] == b"OK")
