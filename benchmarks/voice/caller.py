"""Somebody in a voice channel as bots are: a session of the gateway, and Discord's voice protocol over UDP.

```
 op 4 → VOICE_SERVER_UPDATE → voice WebSocket: Identify → IP discovery → Select Protocol → media
               ↑ each further one begins another visit, and ends the one before
```

A visit whose WebSocket has ended waits for the gateway to name another place, as libraries do. DAVE is not spoken, so
that what is measured is the server's part.
"""

import asyncio
import contextlib
import struct
import time
from typing import Any, Final, cast

import msgspec
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.voice.talk import is_media
from core.domain.events import READY, VOICE_SERVER_UPDATE
from voice.crypto.suites import AES256_GCM, AesGcm

_GUILDS_AND_VOICE_STATES: Final = 1 << 0 | 1 << 7
_OPUS: Final = 0x78
_SAMPLES: Final = 960
_FRAME_S: Final = 0.02
_SOUND: Final = bytes(160)
_BEAT_S: Final = 5.0
_HEADER: Final = struct.Struct(">BBHII")
_DISCOVERY: Final = struct.Struct(">HHI64sH")
_ANSWER_S: Final = 30.0


class Gap(msgspec.Struct, frozen=True):
    """What was between two visits of a hearer. Moments are those of the monotonic clock, in seconds."""

    last_s: float
    """The last packet before."""
    told_s: float
    """The gateway has named another place."""
    first_s: float
    """The first packet after."""


class Caller:
    """One person. What they hear is not decrypted: a node passes on nothing that is not authentic."""

    def __init__(self, *, gateway: str, token: str, speaks: bool) -> None:
        """`gateway` is an address as ws://HOST:PORT."""
        self._url = f"{gateway}/?v=10&encoding=json"
        self._token = token
        self._speaks = speaks
        self._user_id = self._session_id = ""
        self._told_s = self._last_s = 0.0
        self.port = 0
        """The port of the voice gateway that the session was told last."""
        self.hears = asyncio.Event()
        """Set with the first packet of all."""
        self.gaps: asyncio.Queue[Gap] = asyncio.Queue()

    async def stay(self, guild_id: str, channel_id: str) -> None:
        """Join a voice channel and follow it from node to node, until cancelled."""
        async with (
            connect(self._url, max_size=None, ping_interval=None) as socket,
            asyncio.TaskGroup() as visits,
        ):
            identity = {"token": self._token, "intents": _GUILDS_AND_VOICE_STATES, "properties": {"os": "linux"}}
            await _say(socket, 2, identity)
            visit: asyncio.Task[None] | None = None
            while True:
                message = msgspec.json.decode(await socket.recv())
                if message["t"] == READY:
                    self._user_id, self._session_id = message["d"]["user"]["id"], message["d"]["session_id"]
                    await _say(socket, 4, {"guild_id": guild_id, "channel_id": channel_id})
                elif message["t"] == VOICE_SERVER_UPDATE and message["d"]["endpoint"]:
                    self._told_s = time.monotonic()
                    if visit is not None:
                        visit.cancel()
                    visit = visits.create_task(self._visit(message["d"]))

    async def _visit(self, server: dict[str, Any]) -> None:
        """Take the seat; speak, or listen, until the WebSocket ends."""
        self.port = int(server["endpoint"].rpartition(":")[2])
        async with connect(f"ws://{server['endpoint']}/?v=8", ping_interval=None, compression=None) as socket:
            identity = {"server_id": server["guild_id"], "user_id": self._user_id, "session_id": self._session_id}
            await _say(socket, 0, {**identity, "token": server["token"], "max_dave_protocol_version": 0})
            ready = await _expect(socket, 2)
            media = await _Media.open(self, (ready["ip"], ready["port"]))
            try:
                address, port = await media.discover(ready["ssrc"])
                data = {"address": address, "port": port, "mode": AES256_GCM}
                await _say(socket, 1, {"protocol": "udp", "data": data})
                key = bytes((await _expect(socket, 4))["secret_key"])
                await self._talk(socket, media, _Sound(key, ready["ssrc"]))
            finally:
                media.transport.close()

    async def _talk(self, socket: ClientConnection, media: "_Media", sound: "_Sound") -> None:
        speaking = asyncio.ensure_future(_speak(media, sound)) if self._speaks else None
        try:
            with contextlib.suppress(ConnectionClosed):
                if self._speaks:
                    await _say(socket, 5, {"speaking": 1, "delay": 0, "ssrc": sound.ssrc})
                await _beat(socket)
        finally:
            if speaking is not None:
                speaking.cancel()

    def hear(self, *, is_first: bool) -> None:
        """Note that a packet has come; `is_first` of its visit."""
        now_s = time.monotonic()
        if is_first and self.hears.is_set():
            self.gaps.put_nowait(Gap(self._last_s, self._told_s, now_s))
        self._last_s = now_s
        self.hears.set()


class _Sound:
    """Packets of one visit."""

    def __init__(self, key: bytes, ssrc: int) -> None:
        self.ssrc = ssrc
        self._suite = AesGcm(key)
        self._number = 0

    def make(self) -> bytes:
        """Make the next packet."""
        number, self._number = self._number, self._number + 1
        header = _HEADER.pack(0x80, _OPUS, number & 0xFFFF, number * _SAMPLES & 0xFFFFFFFF, self.ssrc)
        nonce = number.to_bytes(4, "big")
        return header + self._suite.seal(_SOUND, header, nonce) + nonce


class _Media(asyncio.DatagramProtocol):
    """The UDP socket of a visit."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._is_first = True
        self._found: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.DatagramTransport

    @classmethod
    async def open(cls, caller: Caller, node: tuple[str, int]) -> "_Media":
        """Open a socket to a node."""
        _, media = await asyncio.get_running_loop().create_datagram_endpoint(lambda: cls(caller), remote_addr=node)
        return media

    async def discover(self, ssrc: int) -> tuple[str, int]:
        """Ask for the own address. Raises TimeoutError."""
        self.transport.sendto(_DISCOVERY.pack(1, 70, ssrc, b"", 0))
        async with asyncio.timeout(_ANSWER_S):
            return await self._found

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if is_media(data):
            self._caller.hear(is_first=self._is_first)
            self._is_first = False
        elif len(data) == _DISCOVERY.size and not self._found.done():
            _, _, _, address, port = _DISCOVERY.unpack(data)
            self._found.set_result((address.rstrip(b"\0").decode(), port))


async def _speak(media: _Media, sound: _Sound) -> None:
    due_s = time.monotonic()
    while True:
        media.transport.sendto(sound.make())
        due_s += _FRAME_S
        await asyncio.sleep(due_s - time.monotonic())


async def _beat(socket: ClientConnection) -> None:
    while True:
        await _say(socket, 3, {"t": 1, "seq_ack": -1})
        await asyncio.sleep(_BEAT_S)


async def _say(socket: ClientConnection, op: int, d: Any) -> None:
    await socket.send(msgspec.json.encode({"op": op, "d": d}).decode())


async def _expect(socket: ClientConnection, op: int) -> Any:
    async with asyncio.timeout(_ANSWER_S):
        while True:
            message = msgspec.json.decode(await socket.recv())
            if message["op"] == op:
                return message["d"]
