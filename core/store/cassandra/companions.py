"""The rows beside messages, written together: inserts that meet in one turn of the loop share a request.

A request costs this process more than what is in it, so the share halves what an insert costs a busy process. The first
insert of a turn sends for all that join it. When its request fails, it fails for all of them; each then tries again.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import Statement

Part = tuple[Statement, Sequence[Any]]

_MOST_PARTS: Final = 10
"""The rows of a request. Servers warn of more partitions (`unlogged_batch_across_partitions_warn_threshold`)."""


class _Group:
    """Rows that leave together. `outcome` gets the error that they failed with, or None."""

    __slots__ = ("outcome", "parts")

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self.outcome: asyncio.Future[Unavailable | None] = asyncio.get_running_loop().create_future()


class Companions:
    """The requests of one session."""

    __slots__ = ("_open", "_session")

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._open: _Group | None = None

    async def write(self, parts: Sequence[Part]) -> None:
        """Write the rows of one insert. Raises Unavailable when they may not all be there."""
        group = self._open
        if group is None or len(group.parts) + len(parts) > _MOST_PARTS:
            await self._lead(_Group(parts))
            return
        group.parts += parts
        error = await asyncio.shield(group.outcome)  # whoever is cancelled leaves the others alone
        if error is not None:
            raise OutcomeUnknown from error

    async def _lead(self, group: _Group) -> None:
        self._open = group
        error: Unavailable | None = OutcomeUnknown()  # what the others hear when this call is cancelled
        try:
            await asyncio.sleep(0)
            self._close(group)
            await (await self._session.begin_batch(group.parts))
            error = None
        except Unavailable as failure:
            error = failure
            raise
        finally:
            self._close(group)
            group.outcome.set_result(error)

    def _close(self, group: _Group) -> None:
        if self._open is group:
            self._open = None
