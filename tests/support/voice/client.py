"""A voice client of the tests, over real sockets. Its packets and ciphers are written apart from the server's."""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from typing import Any, Self, cast

import nacl.bindings
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.voice.interfaces import VoiceServer

GCM = "aead_aes256_gcm_rtpsize"
XCHACHA = "aead_xchacha20_poly1305_rtpsize"
WAIT_S = 60.0


class VoiceTestClient:
    """One client. Messages of the voice gateway wait in `messages`, sound in `heard`."""

    def __init__(self, user_id: int, server_id: int, server: VoiceServer) -> None:
        self.user_id = user_id
        self.server_id = server_id
        self.server = server
        self.session_id = f"session-{user_id}"
        self.tls: ssl.SSLContext | None = None
        self.seq = -1
        self.ssrc = 0
        self.mode = ""
        self.key = b""
        self.udp: UdpClient
        self.ws: ClientConnection
        self.media: tuple[str, int] = ("", 0)
        self._nonce = 0
        self._sequence = 0

    async def open(self) -> None:
        """Open the WebSocket and hear Hello."""
        scheme = "ws" if self.tls is None else "wss"
        self.ws = await connect(f"{scheme}://{self.server.endpoint_for('127.0.0.1')}/?v=8", ssl=self.tls)
        assert (await self.next_message())["op"] == 8

    async def say(self, op: int, d: Any) -> None:
        """Send a message."""
        await self.ws.send(json.dumps({"op": op, "d": d}))

    async def next_message(self) -> dict[str, Any]:
        """Receive a message."""
        async with asyncio.timeout(WAIT_S):
            message: dict[str, Any] = json.loads(await self.ws.recv())
        self.seq = message.get("seq", self.seq)
        return message

    async def expect(self, op: int) -> Any:
        """Receive messages until one has this opcode; return its data."""
        while True:
            message = await self.next_message()
            if message["op"] == op:
                return message["d"]

    async def identify(self, **changes: Any) -> None:
        """Send Identify."""
        d = {
            "server_id": str(self.server_id),
            "user_id": str(self.user_id),
            "session_id": self.session_id,
            "token": self.server.token,
            "max_dave_protocol_version": 0,
        }
        await self.say(0, d | changes)

    async def join(self, mode: str = GCM) -> None:
        """Take the seat, with UDP."""
        await self.open()
        await self.identify()
        ready = await self.expect(2)
        assert mode in ready["modes"]
        self.ssrc, self.media = ready["ssrc"], (ready["ip"], ready["port"])
        self.udp = await UdpClient.open(self.media)
        address, port = await self.discover()
        await self.select(mode, address, port)

    async def select(self, mode: str, address: str, port: int) -> None:
        """Select UDP and receive the key."""
        self.mode = mode
        await self.say(1, {"protocol": "udp", "data": {"address": address, "port": port, "mode": mode}})
        description = await self.expect(4)
        assert description["mode"] == mode
        self.key = bytes(description["secret_key"])

    async def discover(self) -> tuple[str, int]:
        """Ask for the own address."""
        self.udp.send(struct.pack(">HHI64sH", 1, 70, self.ssrc, b"", 0))
        answer = await self.udp.receive()
        kind, length, ssrc, address, port = struct.unpack(">HHI64sH", answer)
        assert (kind, length, ssrc) == (2, 70, self.ssrc)
        return address.rstrip(b"\0").decode(), port

    def make_packet(self, sound: bytes) -> bytes:
        """Encrypt the next packet of sound."""
        header = struct.pack(">BBHII", 0x80, 0x78, self._sequence, self._sequence * 960, self.ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        nonce = struct.pack(">I", self._nonce)
        self._nonce += 1
        return header + _encrypt(self.mode, self.key, sound, header, nonce) + nonce

    def talk(self, sound: bytes) -> None:
        """Send a packet of sound."""
        self.udp.send(self.make_packet(sound))

    async def hear(self) -> tuple[int, bytes]:
        """Receive a packet; return its SSRC and what is in it."""
        packet = await self.udp.receive()
        header, sealed, nonce = packet[:12], packet[12:-4], packet[-4:]
        return struct.unpack(">I", packet[8:12])[0], _decrypt(self.mode, self.key, sealed, header, nonce)

    async def wait_closed(self) -> int:
        """Wait until the server closes; return the code."""
        async with asyncio.timeout(WAIT_S):
            with contextlib.suppress(ConnectionClosed):
                while True:  # a client that does not read what comes before does not come to the close
                    await self.ws.recv()
        assert self.ws.close_code is not None
        return self.ws.close_code

    async def leave(self, code: int = 1000) -> None:
        """Close both, as far as they are open."""
        if hasattr(self, "udp"):
            self.udp.close()
        if hasattr(self, "ws"):
            await self.ws.close(code)


class UdpClient(asyncio.DatagramProtocol):
    """A UDP socket of its own port."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport

    @classmethod
    async def open(cls, remote: tuple[str, int]) -> Self:
        """Open one to an address."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(cls, remote_addr=remote, family=socket.AF_INET)
        return protocol

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)

    def send(self, datagram: bytes) -> None:
        """Send."""
        self.transport.sendto(datagram)

    async def receive(self) -> bytes:
        """Receive."""
        async with asyncio.timeout(WAIT_S):
            return await self.received.get()

    def close(self) -> None:
        """Close."""
        self.transport.close()


def _encrypt(mode: str, key: bytes, plain: bytes, header: bytes, nonce: bytes) -> bytes:
    if mode == GCM:
        return AESGCM(key).encrypt(nonce.ljust(12, b"\0"), plain, header)
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, header, nonce.ljust(24, b"\0"), key)


def _decrypt(mode: str, key: bytes, sealed: bytes, header: bytes, nonce: bytes) -> bytes:
    if mode == GCM:
        return AESGCM(key).decrypt(nonce.ljust(12, b"\0"), sealed, header)
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, header, nonce.ljust(24, b"\0"), key)
