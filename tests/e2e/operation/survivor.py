"""A client of its own making that goes on over the ends of servers: its payloads over all connections, and its `s`."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import zstandard
from websockets.exceptions import WebSocketException

from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.server_process import Server
from tests.support.written_sessions import wait_written

COMPRESSIONS: Final = ("", "zlib-stream", "zstd-stream")


def make_decoder(compression: str) -> Callable[[str | bytes], Any]:
    """Return the reader of one connection's messages."""
    match compression:
        case "zlib-stream":
            inflate = zlib.decompressobj().decompress
            return lambda data: json.loads(inflate(data))  # type: ignore[arg-type]
        case "zstd-stream":
            expand = zstandard.ZstdDecompressor().decompressobj().decompress
            return lambda data: json.loads(expand(data))  # type: ignore[arg-type]
        case _:
            return json.loads


class Survivor:
    """One session and what its client got. After op 9 it identifies anew, as libraries do."""

    def __init__(self, server: Server, token: str, *, compression: str = "") -> None:
        self._server = server
        self._compression = compression
        self._stack = contextlib.AsyncExitStack()
        self.token = token
        self.session_id = ""
        self.seq = 0
        self.connection: GatewayClient
        self.heard: list[str] = []
        """The ids of messages, over all connections."""
        self.resumes = 0
        self.refusals = 0

    @property
    def is_identified(self) -> bool:
        """Whether there was a READY."""
        return bool(self.session_id)

    async def identify(self) -> None:
        """Connect, and begin a session."""
        await self._connect()
        ready = await self.connection.identify(self.token)
        self.session_id = ready["session_id"]

    async def come_back(self) -> None:
        """Connect again and resume; identify when that is refused or there is no session yet."""
        await self.leave()
        await self._connect()
        if self.is_identified:
            await self.connection.resume(self.token, self.session_id, self.seq)
            await self.connection.wait_until(self._find_answer)
            if "RESUMED" in self.connection.names():
                self.resumes += 1
                return
            self.refusals += 1
        ready = await self.connection.identify(self.token)
        self.session_id, self.seq = ready["session_id"], 0

    async def leave(self) -> None:
        """Let go of the connection, and take what came over it. Numbers must go on without a gap."""
        await self._stack.aclose()
        self.take()

    def take(self) -> None:
        """Take what has come so far."""
        if not hasattr(self, "connection"):
            return
        dispatches = self.connection.dispatches
        self.connection.payloads.clear()
        for payload in dispatches:
            if payload["t"] == "READY":
                self.seq = 0
                self.session_id = payload["d"]["session_id"]
            assert payload["s"] == self.seq + 1, f"s jumps from {self.seq} to {payload['s']}"
            self.seq = payload["s"]
            if payload["t"] == "MESSAGE_CREATE":
                self.heard.append(payload["d"]["id"])

    async def wait_for_message(self, message_id: str) -> None:
        """Wait for a message, past or future."""
        if message_id not in self.heard:
            await self.connection.wait_for("MESSAGE_CREATE", lambda message: message["id"] == message_id)

    async def wait_written(self) -> None:
        """Wait until all that the client has got so far is written, so that a kill repeats none of it."""
        await wait_written(self._server.data, lambda written: written.get(self.session_id) == self.connection.seq)

    def _find_answer(self) -> bool:
        return "RESUMED" in self.connection.names() or any(each["op"] == 9 for each in self.connection.payloads)

    async def _connect(self) -> None:
        query = "v=10&encoding=json" + (f"&compress={self._compression}" if self._compression else "")
        async with asyncio.timeout(60):
            while True:
                try:
                    opening = open_gateway(self._server.gateway, query, decode=make_decoder(self._compression))
                    self.connection = await self._stack.enter_async_context(opening)
                except (OSError, WebSocketException, EOFError):
                    await asyncio.sleep(0.05)
                else:
                    return


@contextlib.asynccontextmanager
async def surviving(server: Server, token: str, *, compression: str = "") -> AsyncIterator[Survivor]:
    """A client that is READY. Its connection ends with the context."""
    client = Survivor(server, token, compression=compression)
    await client.identify()
    try:
        yield client
    finally:
        await client.leave()
