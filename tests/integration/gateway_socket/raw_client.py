"""A WebSocket client made of bytes: it can say everything that a well-behaved one cannot."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from gateway.encodings import Encoding
from tests.unit.gateway.websocket_frames import decode_payload

TIMEOUT_S = 10.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

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


def make_frame(opcode: int, data: bytes, *, is_final: bool = True, is_masked: bool = True, reserved: int = 0) -> bytes:
    """A client's frame; the mask is zero, so the data stays readable."""
    mask_bit = 0x80 if is_masked else 0
    head = bytes((is_final << 7 | reserved << 4 | opcode,))
    if len(data) < 126:
        head += bytes((mask_bit | len(data),))
    elif len(data) < 65_536:
        head += bytes((mask_bit | 126,)) + len(data).to_bytes(2, "big")
    else:
        head += bytes((mask_bit | 127,)) + len(data).to_bytes(8, "big")
    return head + (b"\x00" * 4 if is_masked else b"") + data


class RawClient:
    """One upgraded socket. `decompressor` is what a client of its `compress` would use."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        encoding: Encoding = Encoding.JSON,
        decompressor: Any = None,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.encoding = encoding
        self.decompressor = decompressor
        self.response = b""

    async def send(self, data: bytes) -> None:
        """Write bytes as they are. A server that is done with us may have closed."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def say(self, payload: bytes, opcode: int = TEXT) -> None:
        """Write one whole message."""
        await self.send(make_frame(opcode, payload))

    async def read_frame(self) -> tuple[int, bytes] | None:
        """The next frame's opcode and payload, None at the end of the stream."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                first, length = await self.reader.readexactly(2)
                if length > 125:
                    length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
                return first & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def read(self) -> Any:
        """The next payload, decompressed and decoded."""
        frame = await self.read_frame()
        assert frame is not None, "the stream ended"
        opcode, data = frame
        is_text = self.encoding is Encoding.JSON and self.decompressor is None
        assert opcode == (TEXT if is_text else BINARY), frame
        if self.decompressor is not None:
            data = self.decompressor.decompress(data)
        return decode_payload(self.encoding, data)

    async def read_close(self) -> tuple[int, bytes] | None:
        """The close frame's code and reason, after whatever else comes; None when the stream ends without one."""
        while (frame := await self.read_frame()) is not None:
            opcode, data = frame
            if opcode == CLOSE:
                return int.from_bytes(data[:2], "big"), data[2:]
        return None

    async def read_close_code(self) -> int | None:
        """The code of `read_close`."""
        close = await self.read_close()
        return None if close is None else close[0]


@contextlib.asynccontextmanager
async def open_raw(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ask(address: tuple[str, int], request: bytes) -> bytes:
    """The whole answer to an HTTP request, empty when the server just ends the connection."""
    async with asyncio.timeout(TIMEOUT_S), open_raw(address) as (reader, writer):
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@contextlib.asynccontextmanager
async def open_client(
    address: tuple[str, int],
    query: str = "v=10&encoding=json",
    *,
    encoding: Encoding = Encoding.JSON,
    decompressor: Any = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[RawClient]:
    """An upgraded connection; nothing was read from it but the upgrade's answer."""
    async with open_raw(address) as (reader, writer):
        writer.write(make_request(f"/?{query}", {**UPGRADE, **(headers or {})}))
        client = RawClient(reader, writer, encoding, decompressor)
        client.response = await reader.readuntil(b"\r\n\r\n")
        assert client.response.startswith(b"HTTP/1.1 101 "), client.response
        yield client
