"""Gateway sessions by hand: connected, identified, and left to somebody else to read. Cheap, so that the server is measured."""

import asyncio
import base64
import json
import os
import socket
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

IN_FLIGHT: Final = 32
"""Logins at once."""

_Frame = tuple[int, int]


class Opened(msgspec.Struct, frozen=True):
    """A session that has got READY and its guild."""

    socket: socket.socket
    ready_bytes: int
    guild_bytes: int


async def open_sessions(gateway: str, tokens: list[str]) -> list[Opened]:
    """One session a token, invisible, so that they do not tell each other of themselves."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def open_one(token: str) -> Opened:
        async with slots:
            return await _open(gateway, token)

    return await asyncio.gather(*(open_one(token) for token in tokens))


async def _open(gateway: str, token: str) -> Opened:
    address = urlsplit(gateway)
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.settimeout(0)
    await loop.sock_connect(connection, (address.hostname, address.port))
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = (
        f"GET /?v=10&encoding=json HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(connection, upgrade.encode())
    buffer = bytearray()
    while b"\r\n\r\n" not in buffer:
        buffer += await _receive(loop, connection)
    del buffer[: buffer.index(b"\r\n\r\n") + 4]
    await loop.sock_sendall(connection, _encode_identify(token))
    sizes: dict[bytes, int] = {}
    while not {b"READY", b"GUILD_CREATE"} <= set(sizes):
        while frame := _find_frame(buffer):
            start, end = frame
            for name in (b"READY", b"GUILD_CREATE"):
                if b'"t":"%b"' % name in buffer[start:end]:
                    sizes[name] = end - start
            del buffer[:end]
        if len(sizes) < 2:
            buffer += await _receive(loop, connection)
    if buffer:
        raise RuntimeError("more than the login came: the next reader would start inside a frame")
    return Opened(connection, sizes[b"READY"], sizes[b"GUILD_CREATE"])


async def _receive(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    data = await loop.sock_recv(connection, 1 << 16)
    if not data:
        raise RuntimeError("the gateway closed a session that was logging in")
    return data


def _find_frame(buffer: bytearray) -> _Frame | None:
    """Where the first frame's payload starts and ends, when it is there as a whole."""
    if len(buffer) < 2:
        return None
    length, start = buffer[1] & 0x7F, 2
    if length >= 126:
        size = 2 if length == 126 else 8
        length, start = int.from_bytes(buffer[2 : 2 + size], "big"), 2 + size
    return (start, start + length) if len(buffer) >= start + length else None


def _encode_identify(token: str) -> bytes:
    """A masked frame; the mask is zero, which is one like any other."""
    presence: dict[str, Any] = {"status": "invisible", "since": None, "activities": [], "afk": False}
    properties = {"os": "linux", "browser": "bench", "device": "bench"}
    identify = {"op": 2, "d": {"token": token, "intents": 53608447, "properties": properties, "presence": presence}}
    payload = json.dumps(identify).encode()
    return b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload
