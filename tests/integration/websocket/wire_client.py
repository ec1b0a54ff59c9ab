"""A client that says any bytes, in any pieces, and reads as strictly as wsproto does.

A frame of the server that is masked, fragmented wrongly, longer than its length field must be or no UTF-8 fails the test that
reads it: wsproto raises.
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

from tests.integration.gateway_socket.raw_client import UPGRADE, make_request
from tests.unit.core_ext.client_frame import CLOSE, PONG, TEXT, make_client_frame

TIMEOUT_S = 20.0
_TURNS = 3
"""Of the event loop, in which the server reads what loopback has already delivered."""

HANDSHAKE = make_request("/?v=10&encoding=json", UPGRADE)


def make_login(name: str) -> bytes:
    """The frame by which a client says who it is."""
    return make_client_frame(TEXT, json.dumps({"op": 2, "d": {"token": name, "intents": 1, "properties": {}}}).encode())


def make_say(text: str) -> bytes:
    """The payload of a message that comes back, with the name of who sent it."""
    return json.dumps({"op": 8, "d": {"guild_id": "1", "query": text}}, ensure_ascii=False).encode()


class WireClient:
    """One socket. Before `shake_hands` it is a TCP connection and no more."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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

    def reset(self) -> None:
        """Drop the connection with a TCP reset, if there still is one."""
        if self.is_lost:
            return
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

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
        """The next text message, decoded."""
        return self.decode(await self.read())

    @staticmethod
    def decode(received: tuple[int, Any] | None) -> Any:
        """The payload in what was read, which must be a text message."""
        assert received is not None, "the stream ended"
        assert received[0] == TEXT, received
        return json.loads(received[1])

    async def read_close_code(self) -> int | None:
        """The code that the stream ends with, after whatever else comes; None when it ends without a close frame."""
        while (received := await self.read()) is not None:
            opcode, payload = received
            if opcode == CLOSE:
                code: int = payload[0]
                assert await self.read() is None, "something follows the close frame"
                return code
        return None

    async def check_alive(self, word: bytes = b"still there") -> None:
        """A ping, and its pong is the next thing that comes."""
        await self.send(make_client_frame(9, word))
        assert await self.read() == (PONG, word)


@contextlib.asynccontextmanager
async def open_wire(address: tuple[str, int]) -> AsyncIterator[WireClient]:
    """A TCP connection, which is closed at the end if it still is one."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield WireClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
