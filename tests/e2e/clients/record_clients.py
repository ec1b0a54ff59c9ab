"""Records the tours of bots of typed libraries: `python -m tests.e2e.clients.record_clients` writes the golden files.

The bot speaks to two listeners here, which pass everything on to a real server. A new recording is due when a library's
version or the tour changes; `test_recorded_clients.py` sends the recordings again where the libraries cannot be built.

    bot ── HttpTap ──── API
        ── GatewayTap ─ gateway
"""

import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.e2e.clients.client_recording import Connection, Exchange, Recording, name_answer, name_scene, put_names
from tests.e2e.clients.tour import TourGuild, ask, build, chat, moderate, refuse
from tests.e2e.clients.typed_bots import LIBRARIES, Addresses, Library
from tests.e2e.conftest import GENEROUS
from tests.support.person import Person
from tests.support.server_process import Server

_LENGTH = re.compile(r"^(content-length: )\d+$", re.IGNORECASE)


class HttpTap:
    """A proxy that passes requests on, one at a time on a connection, and records each with its answer."""

    def __init__(self) -> None:
        self.authority = ""
        self.seen: list[tuple[bytes, bytes, int, bytes]] = []
        """Head and body of each request, status and body of its answer."""
        self._target = ("", 0)

    @contextlib.asynccontextmanager
    async def listening(self, api: str) -> AsyncIterator[str]:
        """Listen until the body ends. The value is the address to use in the API's place."""
        host, _, port = api.removeprefix("http://").rpartition(":")
        self._target = (host, int(port))
        async with await asyncio.start_server(self._pass_on, "127.0.0.1", 0) as server:
            self.authority = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield f"http://{self.authority}"

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(*self._target)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head, body = await _read_message(reader)
                here.write(head + body)
                answer_head, answer = await _read_message(there)
                self.seen.append((head, body, int(answer_head.split(b" ", 2)[1]), answer))
                writer.write(answer_head + answer)
        writer.close()
        here.close()


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    assert b"transfer-encoding" not in headers, "a recording needs lengths"
    return head, await reader.readexactly(int(headers.get(b"content-length", b"0")))


class GatewayTap:
    """A proxy that passes connections on and records the clients' messages."""

    def __init__(self) -> None:
        self.target = ""
        self.connections: list[Connection] = []
        self.sessions: list[str] = []

    async def pass_on(self, client: ServerConnection) -> None:
        """Pass on one connection, until either side ends it."""
        assert client.request is not None
        query = client.request.path.partition("?")[2]
        noted = Connection(query=query, commands=[])
        self.connections.append(noted)
        async with connect(f"{self.target}/?{query}", max_size=None, compression=None) as server:
            speaking = asyncio.create_task(_forward(server, client))
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in client:
                    assert isinstance(message, str)
                    noted.commands.append(message)
                    await server.send(message)
            server.transport.abort()  # There is no close frame, as when the client itself ends.
            await speaking


async def _forward(source: websockets.asyncio.client.ClientConnection, target: ServerConnection) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in source:
            await target.send(message)


async def record(library: Library) -> Recording:
    """Record the library's tour on a server of its own."""
    http, gateway = HttpTap(), GatewayTap()
    async with serve(gateway.pass_on, "127.0.0.1", 0, compression=None) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        settings = {**GENEROUS, "GUILDWAY_GATEWAY_PUBLIC_URL": f"ws://127.0.0.1:{port}"}
        server = await Server(Path(tempfile.mkdtemp()), settings).start()
        gateway.target = server.gateway
        async with await Person.register(server.api) as alice, await Person.register(server.api) as bob:
            scene = await TourGuild.make(alice, bob)
            values = await name_scene(scene)
            async with http.listening(server.api) as api:
                tapped = SimpleNamespace(api=api, gateway=settings["GUILDWAY_GATEWAY_PUBLIC_URL"])
                await _tour(library, tapped, scene)
        await server.stop()
    return _compile(library, http, gateway, values)


async def _tour(library: Library, tapped: Addresses, scene: TourGuild) -> None:
    async with library.running(tapped, scene.bot["token"]) as bot:
        await bot.wait_for("guild")
        for part in (chat, build, ask, moderate, refuse):
            await part(bot, scene)
        await bot.order("cut")
        await bot.wait_for("resumed")


def _compile(library: Library, http: HttpTap, gateway: GatewayTap, values: dict[str, str]) -> Recording:
    recording = Recording(library=library.name)
    values = {"host": http.authority, **values}
    for number, (head, body, status, answer) in enumerate(http.seen):
        lines = [_LENGTH.sub(r"\1<length>", line) for line in head.decode().split("\r\n")[:-1]]
        request = [put_names(line, values) for line in [*lines, body.decode()]]
        recording.exchanges.append(Exchange(request=request, status=status))
        values |= name_answer(number, json.loads(answer or b"null"))
    for connection in gateway.connections:
        for command in connection.commands:
            if (read := json.loads(command))["op"] == 6:
                values["session"] = read["d"]["session_id"]
        commands = [put_names(command, values) for command in connection.commands]
        recording.connections.append(Connection(query=connection.query, commands=commands))
    return recording


async def _main() -> None:
    for library in LIBRARIES:
        (await record(library)).save(library.name.lower())


if __name__ == "__main__":
    asyncio.run(_main())
