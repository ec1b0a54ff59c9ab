"""One connection to Redis: commands out, answers in, both in order.

It is thin because each message costs three calls. Commands that are written in one turn of the loop leave in one write,
so the server reads and runs them in one of its own turns, too. The parser is hiredis'. Who waits for which answer is
its owner's to know (`core.redis.client`, `core.redis.topics`); connecting again is its owner's business.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from hiredis import Reader, pack_command
from typing_extensions import override

from core.redis.address import RedisAddress
from core.redis.interfaces import Argument

pack = cast("Callable[[tuple[Argument, ...]], bytes]", pack_command)
"""Encode a command: its name and its arguments. (The package's stub knows only tuples of one.)"""


class Connection(asyncio.Protocol):
    """A connection, from `connect` until `lost` is called, which happens once."""

    __slots__ = ("_answer", "_is_lost", "_loop", "_lost", "_out", "_reader", "_transport")

    def __init__(self, *, answer: Callable[[Any], None], lost: Callable[[], None]) -> None:
        """`answer` gets each answer, an error of the server as a `hiredis.ReplyError`."""
        self._loop = asyncio.get_running_loop()
        self._answer = answer
        self._lost = lost
        self._is_lost = False
        self._out: list[bytes] = []
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None

    @property
    def unsent(self) -> int:
        """The number of commands that the next turn would send."""
        return len(self._out)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def hand_over(self, *, answer: Callable[[Any], None], lost: Callable[[], None]) -> None:
        """Give the connection to another owner. Raises ConnectionResetError when it is lost already."""
        if self._is_lost:
            raise ConnectionResetError("the connection was lost")
        self._answer = answer
        self._lost = lost

    def write(self, command: bytes) -> None:
        """Send a packed command at the end of this turn of the loop."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(command)

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._is_lost:
            self._transport.write(b"".join(self._out) if len(self._out) > 1 else self._out[0])
            self._out.clear()

    @override
    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        while (answer := reader.gets()) is not False:
            self._answer(answer)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._lost()

    def abort(self) -> None:
        """Close at once. `lost` is called before this returns."""
        if self._transport is not None:
            self._transport.abort()
        self.connection_lost(None)


async def connect(
    address: RedisAddress, *, answer: Callable[[Any], None], lost: Callable[[], None], timeout_s: float
) -> Connection:
    """Open a connection. Raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, connection = await loop.create_connection(
            lambda: Connection(answer=answer, lost=lost), address.host, address.port, ssl=address.is_encrypted or None
        )
    return connection
