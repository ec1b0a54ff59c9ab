"""A client that disconnects at any moment, as sockets do and no WebSocket library does."""

import asyncio
import contextlib
import enum
import socket
import struct
from collections.abc import AsyncIterator

from wsproto.frame_protocol import FrameProtocol, Opcode

from tests.integration.transport.websocket.echo_server import EchoServer
from tests.integration.transport.websocket.framing_cases import HEARTBEAT
from tests.support.gateway.client_frames import BINARY, PING, TEXT, make_client_frame, make_close
from tests.support.gateway.websocket_client import HANDSHAKE, make_login, make_say

_LOGIN = make_login("rude")
_SAY = make_client_frame(TEXT, make_say("a few words to be cut off"))
_LARGE = make_client_frame(TEXT, make_say("x" * 3000))

STAGES: dict[str, tuple[bytes, bytes]] = {
    "nothing said": (b"", b""),
    "within the method": (b"GE", b""),
    "within the headers": (HANDSHAKE[:90], b""),
    "before the last byte of the handshake": (HANDSHAKE[:-1], b""),
    "before the answer was read": (HANDSHAKE, b""),
    "refused": (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "upgraded": (HANDSHAKE, b""),
    "logged in": (HANDSHAKE, _LOGIN),
    "a byte of a frame": (HANDSHAKE, _LOGIN + _SAY[:1]),
    "within a length": (HANDSHAKE, _LOGIN + _LARGE[:3]),
    "within a mask": (HANDSHAKE, _LOGIN + _SAY[:4]),
    "within a payload": (HANDSHAKE, _LOGIN + _SAY[:20]),
    "within a large payload": (HANDSHAKE, _LOGIN + _LARGE[:2500]),
    "between fragments": (HANDSHAKE, _LOGIN + make_client_frame(BINARY, b"x" * 700, is_final=False) * 3),
    "with answers unread": (HANDSHAKE, _LOGIN + _SAY * 40 + make_client_frame(PING, b"p" * 125) * 40),
    "after a fault": (HANDSHAKE, _LOGIN + make_client_frame(TEXT, HEARTBEAT, key=None)),
    "after a close": (HANDSHAKE, _LOGIN + make_close(1000)),
    "after a close, and on": (HANDSHAKE, _LOGIN + make_close(4000) + _SAY * 5),
}
"""The bytes before the wait for the handshake's answer, and those after it."""
SILENT = {
    "nothing said",
    "within the method",
    "within the headers",
    "before the last byte of the handshake",
    "before the answer was read",
}
"""The stages at which the client reads nothing."""


class Leave(enum.Enum):
    """The ways in which a client ends."""

    END = "close"
    RESET = "reset"
    HALF = "half-close, then wait for the server's end"


async def say_and_leave(address: tuple[str, int], stage: str, leave: Leave) -> None:
    """Open a connection, send the bytes up to a stage, and end it."""
    loop = asyncio.get_running_loop()
    before, after = STAGES[stage]
    with contextlib.closing(socket.socket()) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, address)
        with contextlib.suppress(ConnectionError):
            await loop.sock_sendall(sock, before)
            if stage not in SILENT:
                await loop.sock_recv(sock, 4096)
            await loop.sock_sendall(sock, after)
            await leave_now(sock, leave)


async def leave_now(sock: socket.socket, leave: Leave) -> None:
    """Read the bytes that come before the socket is closed."""
    if leave is Leave.RESET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif leave is Leave.HALF:
        sock.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(60):
            while await asyncio.get_running_loop().sock_recv(sock, 65_536):
                pass


@contextlib.asynccontextmanager
async def open_deaf(server: EchoServer, name: str) -> AsyncIterator[socket.socket]:
    """Open a connection that has upgraded, and read nothing at all."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    with contextlib.closing(sock):
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(sock, server.address)
        await loop.sock_sendall(sock, HANDSHAKE + make_login(name))
        async with asyncio.timeout(60):
            while name not in server.handler.connections:  # noqa: ASYNC110 - the client must not read
                await asyncio.sleep(0)
        yield sock


async def read_end(sock: socket.socket) -> int | None:
    """Read everything at last. Return the code of the close frame at the end, or None without one."""
    stream = bytearray()
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            while data := await asyncio.get_running_loop().sock_recv(sock, 1 << 20):
                stream += data
    frames = FrameProtocol(client=True, extensions=[])
    frames.receive_bytes(bytes(stream.partition(b"\r\n\r\n")[2]))
    closes = [frame.payload[0] for frame in frames.received_frames() if frame.opcode is Opcode.CLOSE]
    return int(closes[0]) if closes else None
