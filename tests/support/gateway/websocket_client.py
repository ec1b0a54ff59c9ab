"""A WebSocket client that sends any bytes, in any pieces, and reads as strictly as wsproto does.

wsproto raises, so the reading test fails, for a server's frame that is masked or wrongly fragmented, has a longer
length field than it needs, or is no UTF-8.
"""

import asyncio
import collections
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from typing import Any

from wsproto.frame_protocol import FrameProtocol

from gateway.payloads.encodings import Encoding
from tests.support.gateway.client_frames import BINARY, CLOSE, PONG, TEXT, make_client_frame
from tests.support.gateway.websocket_frames import decode_payload

TIMEOUT_S = 60.0
_TURNS = 3
"""The turns of the event loop in which the server reads the bytes that loopback has delivered."""

UPGRADE = {
    "Host": "gateway",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def make_request(target: str, headers: dict[str, str], method: str = "GET") -> bytes:
    """Make an HTTP request without a body."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


HANDSHAKE = make_request("/?v=10&encoding=json", UPGRADE)


def make_login(name: str) -> bytes:
    """Make the frame by which a client tells its name."""
    return make_client_frame(TEXT, json.dumps({"op": 2, "d": {"token": name, "intents": 1, "properties": {}}}).encode())


def make_say(text: str) -> bytes:
    """Make the payload of a message that comes back, with its sender's name."""
    return json.dumps({"op": 8, "d": {"guild_id": "1", "query": text}}, ensure_ascii=False).encode()


class WebSocketClient:
    """One socket. Before its handshake it is a mere TCP connection.

    `decompressor` is that of a client with its `compress`.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        encoding: Encoding = Encoding.JSON,
        decompressor: Any = None,
    ) -> None:
        self.encoding = encoding
        self.upgrade_answer = b""
        self._decompressor = decompressor
        self._frames = FrameProtocol(client=True, extensions=[])
        self._parts: list[Any] = []
        self._received: collections.deque[tuple[int, Any]] = collections.deque()
        self._reader = reader
        self._writer = writer

    @property
    def socket(self) -> socket.socket:
        """The socket itself, for its options."""
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    @property
    def is_lost(self) -> bool:
        """True when the connection is known to be lost."""
        return self._writer.is_closing()

    # ---- out

    async def send(self, data: bytes) -> None:
        """Write bytes as they are. The server may have closed before."""
        if self._writer.is_closing():
            return
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def say(self, payload: bytes, opcode: int = TEXT) -> None:
        """Write one whole message, whose mask is zero."""
        await self.send(make_client_frame(opcode, payload, key=bytes(4)))

    async def send_pieces(self, pieces: Iterable[bytes]) -> None:
        """Write pieces that the server reads one by one."""
        for piece in pieces:
            await self.send(piece)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def end_stream(self) -> None:
        """Half-close: this side sends nothing more."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def abort(self) -> None:
        """Drop the connection without a close frame."""
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the socket, as after a WebSocket's close."""
        self._writer.close()

    def reset(self) -> None:
        """Drop the connection with a TCP reset, if there still is one."""
        if self.is_lost:
            return
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    # ---- in

    async def read_rest(self) -> bytes:
        """Read all bytes until the stream ends."""
        async with asyncio.timeout(TIMEOUT_S):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    async def shake_hands(self) -> None:
        """Upgrade, and read the server's answer to it."""
        await self.send(HANDSHAKE)
        await self.read_upgrade()

    async def read_upgrade(self) -> bytes:
        """Read the head of the server's answer, which must upgrade."""
        async with asyncio.timeout(TIMEOUT_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.upgrade_answer = head
        return head

    async def log_in(self, name: str) -> None:
        """Upgrade, read HELLO, send the client's name and read the server's answer."""
        await self.shake_hands()
        await self.send(make_login(name))
        await self.read_welcome(name)

    async def read_welcome(self, name: str) -> None:
        """Read HELLO and the answer to the login."""
        assert (await self.read_payload())["op"] == 10
        assert await self.read_payload() == {"t": None, "s": None, "op": 0, "d": {"name": name, "text": None}}

    async def read(self) -> tuple[int, Any] | None:
        """Read the next message or control frame: opcode and payload, which is (code, reason) for a close. Return None
        at the end.
        """
        while not self._received:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    data = await self._reader.read(65_536)
            except ConnectionError:
                return None
            if not data:
                assert not self._parts, "the stream ends within a message"
                return None
            self._frames.receive_bytes(data)
            self._gather()
        return self._received.popleft()

    def _gather(self) -> None:
        """Join the parts of messages, since wsproto gives them as they come."""
        for frame in self._frames.received_frames():
            if frame.opcode.iscontrol():
                self._received.append((int(frame.opcode), frame.payload))
                continue
            self._parts.append(frame.payload)
            if frame.message_finished:
                empty: Any = "" if frame.opcode == TEXT else b""
                self._received.append((int(frame.opcode), empty.join(self._parts)))
                self._parts = []

    async def read_payload(self) -> Any:
        """Read the next message, decompressed and decoded."""
        return self.decode(await self.read())

    def decode(self, received: tuple[int, Any] | None) -> Any:
        """Decode the payload, which must be a text message where payloads are text."""
        assert received is not None, "the stream ended"
        opcode, data = received
        is_text = self.encoding is Encoding.JSON and self._decompressor is None
        assert opcode == (TEXT if is_text else BINARY), received
        if self._decompressor is not None:
            data = self._decompressor.decompress(bytes(data))
        return decode_payload(self.encoding, data)

    async def read_close(self) -> tuple[int, str] | None:
        """Read on to the end and return the code and reason of the close frame, or None without one."""
        while (received := await self.read()) is not None:
            opcode, payload = received
            if opcode == CLOSE:
                assert await self.read() is None, "something follows the close frame"
                code, reason = payload
                return int(code), reason or ""
        return None

    async def read_close_code(self) -> int | None:
        """Read on to the end and return the code of the close frame."""
        close = await self.read_close()
        return None if close is None else close[0]

    async def check_alive(self, word: bytes = b"still there") -> None:
        """Send a ping. Its pong must be the next frame."""
        await self.send(make_client_frame(9, word))
        assert await self.read() == (PONG, word)


@contextlib.asynccontextmanager
async def open_tcp(
    address: tuple[str, int], encoding: Encoding = Encoding.JSON, decompressor: Any = None
) -> AsyncIterator[WebSocketClient]:
    """Open a TCP connection, and close it at the end if it is still open."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield WebSocketClient(reader, writer, encoding, decompressor)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def open_websocket(
    address: tuple[str, int],
    query: str = "v=10&encoding=json",
    *,
    encoding: Encoding = Encoding.JSON,
    decompressor: Any = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[WebSocketClient]:
    """Open an upgraded connection, on which nothing is read but the answer to its handshake."""
    async with open_tcp(address, encoding, decompressor) as client:
        await client.send(make_request(f"/?{query}", {**UPGRADE, **(headers or {})}))
        await client.read_upgrade()
        yield client


async def ask(address: tuple[str, int], request: bytes) -> bytes:
    """Return the whole answer to an HTTP request, empty when the server only ends the connection."""
    async with open_tcp(address) as client:
        await client.send(request)
        return await client.read_rest()
