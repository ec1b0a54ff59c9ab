"""A WebSocket client that says any bytes, in any pieces, and reads as strictly as wsproto does.

A frame of the server that is masked, fragmented wrongly, longer than its length field must be or no UTF-8 fails the
test that reads it: wsproto raises.
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
from tests.support.client_frames import BINARY, CLOSE, PONG, TEXT, make_client_frame
from tests.support.websocket_frames import decode_payload

TIMEOUT_S = 20.0
_TURNS = 3
"""Of the event loop, in which the server reads what loopback has already delivered."""

UPGRADE = {
    "Host": "gateway",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def make_request(target: str, headers: dict[str, str], method: str = "GET") -> bytes:
    """An HTTP request without a body."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


HANDSHAKE = make_request("/?v=10&encoding=json", UPGRADE)


def make_login(name: str) -> bytes:
    """The frame by which a client says who it is."""
    return make_client_frame(TEXT, json.dumps({"op": 2, "d": {"token": name, "intents": 1, "properties": {}}}).encode())


def make_say(text: str) -> bytes:
    """The payload of a message that comes back, with the name of who sent it."""
    return json.dumps({"op": 8, "d": {"guild_id": "1", "query": text}}, ensure_ascii=False).encode()


class WebSocketClient:
    """One socket. Before its handshake it is a TCP connection and no more.

    `decompressor` is what a client of its `compress` would use.
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
        """Whether the connection is known to be gone."""
        return self._writer.is_closing()

    # ---- out

    async def send(self, data: bytes) -> None:
        """Write bytes as they are. A server that is done with us may have closed."""
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
        """Half-close: nothing more will come from here."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def abort(self) -> None:
        """Drop the connection without a word."""
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
        """All bytes that come before the stream ends."""
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
        """The head of the server's answer, which must upgrade."""
        async with asyncio.timeout(TIMEOUT_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.upgrade_answer = head
        return head

    async def log_in(self, name: str) -> None:
        """Upgrade, read HELLO, say who we are and read that the server knows."""
        await self.shake_hands()
        await self.send(make_login(name))
        await self.read_welcome(name)

    async def read_welcome(self, name: str) -> None:
        """HELLO and the answer to the login."""
        assert (await self.read_payload())["op"] == 10
        assert await self.read_payload() == {"t": None, "s": None, "op": 0, "d": {"name": name, "text": None}}

    async def read(self) -> tuple[int, Any] | None:
        """The next message or control frame: opcode and payload, which is (code, reason) for a close; None at the end."""
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
        """Put the parts of messages together: wsproto gives them as they come."""
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
        """The next message, decompressed and decoded."""
        return self.decode(await self.read())

    def decode(self, received: tuple[int, Any] | None) -> Any:
        """The payload in what was read, which must be a text message where payloads are text."""
        assert received is not None, "the stream ended"
        opcode, data = received
        is_text = self.encoding is Encoding.JSON and self._decompressor is None
        assert opcode == (TEXT if is_text else BINARY), received
        if self._decompressor is not None:
            data = self._decompressor.decompress(bytes(data))
        return decode_payload(self.encoding, data)

    async def read_close(self) -> tuple[int, str] | None:
        """The code and reason that the stream ends with, after whatever else comes; None when it ends without a close
        frame.
        """
        while (received := await self.read()) is not None:
            opcode, payload = received
            if opcode == CLOSE:
                assert await self.read() is None, "something follows the close frame"
                code, reason = payload
                return int(code), reason or ""
        return None

    async def read_close_code(self) -> int | None:
        """The code of `read_close`."""
        close = await self.read_close()
        return None if close is None else close[0]

    async def check_alive(self, word: bytes = b"still there") -> None:
        """A ping, and its pong is the next thing that comes."""
        await self.send(make_client_frame(9, word))
        assert await self.read() == (PONG, word)


@contextlib.asynccontextmanager
async def open_tcp(
    address: tuple[str, int], encoding: Encoding = Encoding.JSON, decompressor: Any = None
) -> AsyncIterator[WebSocketClient]:
    """A TCP connection, which is closed at the end if it still is one."""
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
    """An upgraded connection; nothing was read from it but the answer to its handshake."""
    async with open_tcp(address, encoding, decompressor) as client:
        await client.send(make_request(f"/?{query}", {**UPGRADE, **(headers or {})}))
        await client.read_upgrade()
        yield client


async def ask(address: tuple[str, int], request: bytes) -> bytes:
    """The whole answer to an HTTP request, empty when the server just ends the connection."""
    async with open_tcp(address) as client:
        await client.send(request)
        return await client.read_rest()
