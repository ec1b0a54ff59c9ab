"""The journal of sessions on a Redis of the tests: a database of its own there, which is empty at the beginning."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from core.redis.address import RedisAddress, parse_address
from core.store.redis.session_journal import RedisSessionJournal
from deploy.services.process import ServiceProcess

_DATABASE: Final = 9
"""The number of a database that no other test uses."""


class EmptiedJournal(RedisSessionJournal):
    """A journal that can lose everything."""

    async def lose(self) -> None:
        """Lose everything, as when an operator empties the server."""
        await self._redis.flushdb()

    async def hold_lease(self, worker: str, incarnation: str) -> None:
        """Let a life of a worker have its lease."""
        await self._redis.set(f"worker:{worker}", f"{incarnation} {{}}")


def address_of(server: ServiceProcess) -> RedisAddress:
    """Return the address of the journal's database."""
    return msgspec.structs.replace(parse_address(server.service.address), database=_DATABASE)


@contextlib.asynccontextmanager
async def empty_journal(server: ServiceProcess) -> AsyncIterator[EmptiedJournal]:
    """Open a journal that is empty."""
    journal = EmptiedJournal(address=address_of(server))
    await journal.lose()
    yield journal
    await journal.close()
