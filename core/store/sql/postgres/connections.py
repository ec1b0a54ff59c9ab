"""Connections to PostgreSQL, some at most, which come and go with the server.

A connection is lent to one task at a time, and never to one that may be cancelled. It comes back to the pool when it is
idle: open, and in no transaction. Otherwise nobody knows what is on its way on it, so it is thrown away, and the next
task opens another one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.domain.errors import Unavailable
from core.store.sql.engine.connection import Connection
from core.store.sql.engine.errors import translated

_CLOSE_S: Final = 2.0
_WAIT_S: Final = 10.0
"""The wait for a free connection, about as long as a client waits for an answer."""


class ConnectionPool:
    """Up to `size` connections, opened when they are needed."""

    __slots__ = ("_connect", "_free", "_is_closed", "_size", "_slots")

    def __init__(self, *, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._slots = asyncio.Semaphore(size)
        self._free: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """Lend a connection to the body.

        Raises:
            Unavailable: when the server cannot be reached, all connections are busy for long, or the pool is closed.
        """
        await self._wait()
        try:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Wait until all connections are back, and close them. New loans are refused."""
        self._is_closed = True
        for _ in range(self._size):
            await self._slots.acquire()
        while self._free:
            await _close(self._free.pop())
        for _ in range(self._size):  # a later loan must be refused, and not wait for ever
            self._slots.release()

    async def _wait(self) -> None:
        self._check_open()
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Unavailable("the database is busy") from error

    async def _take(self) -> Connection:
        self._check_open()
        while self._free:
            connection = self._free.pop()
            if not connection.driver.is_closed():
                return connection
            await _discard(connection)
        return await self._connect()

    async def _give_back(self, connection: Connection) -> None:
        driver = connection.driver
        if self._is_closed or driver.is_closed() or driver.is_in_transaction():
            await _discard(connection)
        else:
            self._free.append(connection)

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("the store is closed")


async def _close(connection: Connection) -> None:
    """Close an idle connection as the server expects it, or throw it away when that takes long."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await connection.close()
    except (TimeoutError, DBAPIError):
        connection.driver.terminate()


async def _discard(connection: Connection) -> None:
    connection.driver.terminate()
    with suppress(Unavailable), translated():
        await connection.close()
