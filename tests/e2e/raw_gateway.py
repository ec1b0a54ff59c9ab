"""A gateway session spoken by hand: every dispatch in order of arrival, nothing interpreted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ALL_INTENTS = 53608447


class RawSession:
    """One connection and what came through it."""

    def __init__(self, socket: ClientConnection, decode: Callable[[str | bytes], Any]) -> None:
        self.socket = socket
        self._decode = decode
        self.payloads: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()

    async def read(self) -> None:
        """Collect payloads until the connection ends."""
        with suppress(ConnectionClosed):
            async for frame in self.socket:
                self.payloads.append(self._decode(frame))
                self._changed.set()
        self.closed.set()
        self._changed.set()

    @property
    def seq(self) -> int:
        """The last sequence number."""
        return max((payload["s"] for payload in self.payloads if payload.get("s")), default=0)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The bodies of the dispatches of that name so far."""
        return [payload["d"] for payload in self.payloads if payload["op"] == 0 and payload["t"] == name]

    async def send(self, op: int, d: Any, **fields: Any) -> None:
        """Send a command."""
        await self.socket.send(json.dumps({"op": op, "d": d, **fields}))

    async def send_message(self, channel_id: str, content: str, nonce: str) -> None:
        """Send a message over the socket."""
        await self.send(0, {"channel_id": channel_id, "content": content, "nonce": nonce}, t="MESSAGE_CREATE")

    async def identify(self, token: str, **fields: Any) -> dict[str, Any]:
        """Identify and return READY."""
        properties = {"os": "linux", "browser": "test", "device": "test"}
        await self.send(2, {"token": token, "intents": ALL_INTENTS, "properties": properties, **fields})
        return (await self.wait_for(lambda payload: payload["t"] == "READY"))["d"]

    async def wait_for(self, check: Callable[[dict[str, Any]], bool], timeout_s: float = 30) -> dict[str, Any]:
        """The first payload, past or to come, that the check accepts."""
        async with asyncio.timeout(timeout_s):
            seen = 0
            while True:
                while seen < len(self.payloads):
                    payload = self.payloads[seen]
                    seen += 1
                    if check(payload):
                        return payload
                assert not self.closed.is_set(), f"closed with {self.socket.close_code}"
                self._changed.clear()
                await self._changed.wait()

    async def wait_for_event(
        self, name: str, check: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """The body of the first such dispatch."""
        found = await self.wait_for(lambda payload: payload["t"] == name and check(payload["d"]))
        return found["d"]  # type: ignore[no-any-return]


@asynccontextmanager
async def raw_session(
    gateway: str, query: str = "v=10&encoding=json", decode: Callable[[str | bytes], Any] = json.loads
) -> AsyncIterator[RawSession]:
    """A connection that is read in the background; `decode` reads a message of the server's."""
    async with connect(f"{gateway}/?{query}", max_size=None, compression=None, ping_interval=None) as socket:
        session = RawSession(socket, decode)
        reading = asyncio.create_task(session.read())
        yield session
        await socket.close()
        await reading
