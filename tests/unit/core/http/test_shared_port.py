"""A port that HTTP shares with WebSockets: what asks for one goes to its protocol with every byte, all else is HTTP's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.http.server import HttpServer
from core.http.shared_port import Front, SharedPort
from core.runtime.sockets import bind_socket

ASKS = b"GET /?v=10 HTTP/1.1\r\nHost: x\r\nUPGRADE: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"
PLAIN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo(asyncio.BufferedProtocol):
    """Sends back what it gets, in a buffer of ten bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray(10)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"echo:")

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return the buffer."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Send it back."""
        self._transport.write(bytes(self._buffer[:nbytes]))


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"http"})


class Client:
    """A connection that sends pieces and reads what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Send pieces, each in a turn of the loop of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def read(self, end: bytes) -> bytes:
        """Read up to these bytes."""
        async with asyncio.timeout(60):
            return await self.reader.readuntil(end)


@pytest.fixture
def port() -> SharedPort:
    port = SharedPort(("127.0.0.1", 0))
    port.make_socket = Echo
    return port


@pytest.fixture
async def client(port: SharedPort) -> AsyncIterator[Client]:
    sock = bind_socket("127.0.0.1", 0)
    server = HttpServer(app=answer, sock=sock, grace_s=1, front=Front(shared=port))
    started, stopping = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(started=started, stopping=stopping))
        await started.wait()
        client = Client(*await asyncio.open_connection(*sock.getsockname()))
        yield client
        client.writer.close()
        stopping.set()


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_who_asks_for_a_websocket_reaches_its_protocol_with_every_byte(client: Client, size: int) -> None:
    sent = ASKS + b"first frame"
    await client.send(*(sent[place : place + size] for place in range(0, len(sent), size)))
    assert await client.read(b"first frame") == b"echo:" + sent


async def test_connection_may_ask_after_other_requests(client: Client) -> None:
    for _ in range(2):
        await client.send(PLAIN)
        assert b"200 OK" in await client.read(b"http")
    await client.send(ASKS)
    assert await client.read(b"Upgrade\r\n\r\n") == b"echo:" + ASKS


@pytest.mark.parametrize(
    "pieces", [(PLAIN,), (b"G", PLAIN[1:]), (b"POST / HTTP/1.1\r\nHost: x\r\n", b"Content-Length: 0\r\n\r\n")]
)
async def test_all_else_is_http(client: Client, pieces: tuple[bytes, ...]) -> None:
    await client.send(*pieces)
    assert b"200 OK" in await client.read(b"http")


async def test_body_that_looks_like_a_request_stays_a_body(client: Client) -> None:
    await client.send(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(ASKS)}\r\n".encode(), b"\r\n", ASKS)
    assert b"200 OK" in await client.read(b"http")
    await client.send(PLAIN)
    assert b"200 OK" in await client.read(b"http")


async def test_without_websockets_http_answers(client: Client, port: SharedPort) -> None:
    port.make_socket = None
    await client.send(ASKS)
    assert b"200 OK" in await client.read(b"http")
