"""The locks of a unit's owners (`core.store.owners`), in PostgreSQL and before it.

PostgreSQL holds an advisory lock of each owner until the transaction ends. The session that waits for one is a
connection that nobody else can use. So the units of this process wait for each other first in a queue of their own, one
for each owner, and only the first one of each queue waits in PostgreSQL, for other processes. A busy guild so holds one
connection, and its units run in the order of their calls.

A unit that names more owners in its body waits for them in PostgreSQL alone: it has a connection already, for which the
first one of their queue may be waiting.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from core.domain.errors import Invalid
from core.domain.ids import MAX_SNOWFLAKE
from core.store.sql.engine.connection import Executor


def write_lock_statements(owners: Collection[int]) -> str:
    """Return the statements that lock the owners in their order, for the trip that begins the unit.

    Raises:
        Invalid: when one is no id of 64 bits.
    """
    if any(not 0 <= owner <= MAX_SNOWFLAKE for owner in owners):
        raise Invalid(message="Value out of range")
    return ";".join(f"SELECT pg_advisory_xact_lock({owner:d})" for owner in owners)


async def lock_owners(db: Executor, owners: Sequence[int]) -> None:
    """Lock more owners in a unit's body, in their order. Raises Unavailable."""
    for owner in owners:
        await db.fetch_one(select(func.pg_advisory_xact_lock(owner)))


class _Queue:
    """The lock of one owner, and how many units hold or await it."""

    __slots__ = ("lock", "units")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.units = 0


class OwnerQueues:
    """The queues of this process. One exists while a unit needs it."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues: dict[int, _Queue] = {}

    @asynccontextmanager
    async def hold(self, owners: Sequence[int]) -> AsyncIterator[None]:
        """Wait until it is the body's turn at each owner, in the given order. One that is named twice counts once."""
        held: list[_Queue] = []
        entered = [(owner, self._enter(owner)) for owner in dict.fromkeys(owners)]
        try:
            for _, queue in entered:
                await queue.lock.acquire()
                held.append(queue)
            yield
        finally:
            for queue in held:
                queue.lock.release()
            for owner, queue in entered:
                queue.units -= 1
                if not queue.units:
                    del self._queues[owner]

    def _enter(self, owner: int) -> _Queue:
        queue = self._queues.get(owner)
        if queue is None:
            queue = self._queues[owner] = _Queue()
        queue.units += 1
        return queue
