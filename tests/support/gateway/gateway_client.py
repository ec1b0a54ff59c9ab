"""A gateway client on a real socket, which keeps payloads in order of arrival and interprets none."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.domain.intents import ALL_INTENTS

TIMEOUT_S = 60.0

Payload = dict[str, Any]


class GatewayClient:
    """One connection and its payloads."""

    def __init__(self, socket: ClientConnection, decode: Callable[[str | bytes], Any]) -> None:
        self.socket = socket
        self.payloads: list[Payload] = []
        self.is_closed = False
        self._decode = decode
        self._arrived = asyncio.Event()

    async def read(self) -> None:
        """Collect payloads until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in self.socket:
                self.payloads.append(self._decode(frame))
                self._arrived.set()
        self.is_closed = True
        self._arrived.set()

    # ---- payloads so far

    @property
    def dispatches(self) -> list[Payload]:
        """Return the dispatches so far."""
        return [payload for payload in self.payloads if payload["op"] == 0]

    @property
    def seq(self) -> int:
        """Return the last sequence number."""
        return int(self.dispatches[-1]["s"]) if self.dispatches else 0

    def names(self) -> list[str]:
        """Return the dispatches' names so far."""
        return [payload["t"] for payload in self.dispatches]

    def bodies(self, name: str) -> list[dict[str, Any]]:
        """Return the bodies of one kind of dispatch so far."""
        return [payload["d"] for payload in self.dispatches if payload["t"] == name]

    def contents(self) -> list[str]:
        """Return the contents of the messages so far."""
        return [body["content"] for body in self.bodies("MESSAGE_CREATE")]

    # ---- waiting

    async def wait_until(self, check: Callable[[], Any]) -> Any:
        """Wait until the payloads so far make the check true, and return its result."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (found := check()):
                assert not self.is_closed, f"closed with {self.socket.close_code}"
                self._arrived.clear()
                await self._arrived.wait()
        return found

    async def wait_for_op(self, op: int) -> Payload:
        """Wait for the first payload with this opcode."""
        found = await self.wait_until(lambda: [payload for payload in self.payloads if payload["op"] == op])
        return found[0]  # type: ignore[no-any-return]

    async def wait_for(self, name: str, check: Callable[[dict[str, Any]], bool] = lambda _: True) -> Any:
        """Wait for the first such dispatch, past or future, and return its body."""
        found = await self.wait_until(lambda: [body for body in self.bodies(name) if check(body)])
        return found[0]

    @property
    def guilds(self) -> list[dict[str, Any]]:
        """Return the guilds so far, whole, in the order in which READY and GUILD_CREATE have shown them."""
        shown: list[dict[str, Any]] = []
        for payload in self.dispatches:
            if payload["t"] == "READY":
                shown += [guild for guild in payload["d"]["guilds"] if "unavailable" not in guild]
            elif payload["t"] == "GUILD_CREATE":
                shown.append(payload["d"])
        return shown

    async def wait_for_guild(self, check: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Wait for the first such guild, past or future: of READY for people, of GUILD_CREATE for bots."""
        found = await self.wait_until(lambda: [guild for guild in self.guilds if check(guild)])
        return found[0]  # type: ignore[no-any-return]

    async def wait_closed(self) -> int | None:
        """Wait for the end and return the close code."""
        async with asyncio.timeout(TIMEOUT_S):
            while not self.is_closed:
                self._arrived.clear()
                await self._arrived.wait()
        return self.socket.close_code

    # ---- commands

    async def send(self, op: int, d: Any = None, **more: Any) -> None:
        """Send a command."""
        await self.socket.send(json.dumps({"op": op, "d": d, **more}))

    async def send_message(self, channel_id: str, content: str, nonce: str) -> None:
        """Send a message over the socket."""
        await self.send(0, {"channel_id": channel_id, "content": content, "nonce": nonce}, t="MESSAGE_CREATE")

    async def identify(self, token: str, **fields: Any) -> dict[str, Any]:
        """Identify and return READY. `intents=None` sends none."""
        d = {"token": token, "intents": ALL_INTENTS, "properties": {"os": "linux"}, **fields}
        await self.send(2, {name: value for name, value in d.items() if value is not None})
        return await self.wait_for("READY")  # type: ignore[no-any-return]

    async def resume(self, token: str, session_id: str, seq: int) -> None:
        """Ask to resume."""
        await self.send(6, {"token": token, "session_id": session_id, "seq": seq})

    def cut(self) -> None:
        """Lose the socket without a close frame."""
        self.socket.transport.abort()


@contextlib.asynccontextmanager
async def open_gateway(
    url: str, query: str = "v=10&encoding=json", *, decode: Callable[[str | bytes], Any] = json.loads
) -> AsyncIterator[GatewayClient]:
    """Open a connection and read HELLO. Payloads are read in the background, and the end closes with 1000. `decode`
    reads a message.
    """
    async with connect(f"{url}/?{query}", max_size=None, compression=None, ping_interval=None) as socket:
        client = GatewayClient(socket, decode)
        reading = asyncio.create_task(client.read())
        try:
            await client.wait_for_op(10)
            yield client
        finally:
            await socket.close()
            await reading
