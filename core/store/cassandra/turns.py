"""Turns of conditional writes: those of one process to one partition go one after another.

Paxos decides a partition, not a row. Proposals for two messages of a channel that meet make each other start anew,
after pauses, so sixteen at once take many times as long as sixteen in a row. A turn is a courtesy and no lock: other
processes do not know it, and whoever has waited for long goes ahead.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

Partition = tuple[int, int]

_PATIENCE_S: Final = 0.5
"""How long a write waits for its turn: what some dozens of others take."""


class Turns:
    """The turns of one process. A partition is in the table while somebody has its turn or waits for it."""

    __slots__ = ("_locks", "_users")

    def __init__(self) -> None:
        self._locks: dict[Partition, asyncio.Lock] = {}
        self._users: dict[Partition, int] = {}

    @contextlib.asynccontextmanager
    async def taken(self, partition: Partition) -> AsyncIterator[None]:
        """Run the context when it is its turn."""
        lock = self._locks.setdefault(partition, asyncio.Lock())
        self._users[partition] = self._users.get(partition, 0) + 1
        try:
            async with contextlib.AsyncExitStack() as stack:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE_S):
                        await stack.enter_async_context(lock)
                yield
        finally:
            self._users[partition] -= 1
            if not self._users[partition]:
                del self._locks[partition], self._users[partition]
