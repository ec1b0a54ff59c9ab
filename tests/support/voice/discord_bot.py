"""Stock discord.py in voice, without its own gateway: the test hands it what a gateway would say."""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Coroutine, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
import davey
import nacl.bindings

from core.voice.interfaces import VoiceServer
from core.voice.seats import SeatKey
from tests.support.voice.certificates import Certificates
from tests.support.voice.node import CHANNEL, GUILD, LOOPBACK, Stage

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it imports audioop
    import discord

WAIT_S = 60.0
EXECUTE_TRANSITION = 22
END_TO_END = b"\xfa\xfa"
"""How frames of DAVE end."""


class Sounds(discord.AudioSource):
    """Frames that are encoded already."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = list(frames)

    @classmethod
    def numbered(cls, count: int) -> "Sounds":
        """Make frames of which each is another one, and none is sound."""
        return cls([b"frame %d" % number for number in range(count)])

    def read(self) -> bytes:
        """Return the next frame, and nothing at the end."""
        return self._frames.pop(0) if self._frames else b""

    def is_opus(self) -> bool:
        """Return True, so that nothing is encoded."""
        return True


class Bot:
    """A bot in voice. `heard` has what is in each packet that came, and whose it was; `ciphers` what was encrypted from
    end to end, as the node has passed it on.
    """

    def __init__(self, stage: Stage, user_id: int, http: aiohttp.ClientSession) -> None:
        self.stage = stage
        self.user_id = user_id
        self.heard: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self.ciphers: list[bytes] = []
        self._messages: asyncio.Queue[int] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._told: set[asyncio.Task[None]] = set()
        guild = SimpleNamespace(id=GUILD, change_voice_state=self._change, me=SimpleNamespace(voice=None))
        channel = SimpleNamespace(id=CHANNEL, guild=guild, _get_voice_client_key=lambda: (GUILD, "guild_id"))
        state = SimpleNamespace(
            loop=self._loop,
            http=SimpleNamespace(ws_connect=lambda url, compress: http.ws_connect(url, compress=compress)),
            user=SimpleNamespace(id=user_id),
            _remove_voice_client=lambda _key: None,
            _get_guild=lambda _id: guild,
        )
        client: Any = SimpleNamespace(_connection=state, loop=self._loop)
        self.voice = discord.VoiceClient(client, channel)  # type: ignore[arg-type]

    async def join(self) -> None:
        """Connect, and hear from then on."""
        self.voice._connection.hook = self._note
        await self.voice.connect(timeout=WAIT_S, reconnect=True)
        self.voice._connection.add_socket_listener(self._take)

    async def leave(self) -> None:
        """Disconnect.

        The library's reader of the voice gateway fails when it answers while it closes. Nobody else asks for that error.
        """
        connection: Any = self.voice._connection
        reader = connection._runner
        connection.remove_socket_listener(self._take)
        await self.voice.disconnect(force=True)
        if reader is not None:
            await asyncio.wait({reader}, timeout=WAIT_S)
            if not reader.cancelled():
                reader.exception()

    async def tell_server(self, server: VoiceServer) -> None:
        """Hand a VOICE_SERVER_UPDATE to the client."""
        endpoint = server.endpoint_for(LOOPBACK)
        data: Any = {"token": server.token, "guild_id": str(GUILD), "endpoint": endpoint}
        await self.voice.on_voice_server_update(data)

    async def _change(self, *, channel: Any, **_: Any) -> None:
        """Do what the gateway does for op 4."""
        key = SeatKey(GUILD, self.user_id)
        state: Any = {"channel_id": None, "session_id": f"session-{self.user_id}", "guild_id": str(GUILD)}
        if channel is None:
            self.stage.nodes.remove(key)
            self._start(self.voice.on_voice_state_update(state))
            return
        self._start(self._tell_place({**state, "channel_id": str(channel.id)}))

    async def _tell_place(self, state: Any) -> None:
        """Tell the client where it is, piece by piece, each when it listens: it misses what comes before."""
        await self._wait_listening()
        await self.voice.on_voice_state_update(state)
        await self._wait_listening()
        await self.tell_server(self.stage.seat(self.user_id))

    async def _wait_listening(self) -> None:
        connection: Any = self.voice._connection
        async with asyncio.timeout(WAIT_S):
            while not connection._state_event._waiters:  # noqa: ASYNC110 - the library tells nobody
                await asyncio.sleep(0)

    def _start(self, telling: Coroutine[Any, Any, None]) -> None:
        self._told.add(self._loop.create_task(telling))

    def _take(self, packet: bytes) -> None:
        """Decrypt a packet, in the thread of the client's reader."""
        if packet[0] < 0x80:
            return  # an answer to discovery, by which it connects anew
        size = 16 if packet[0] & 0x10 else 12
        plain = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            packet[size:-4], packet[:size], packet[-4:].ljust(24, b"\0"), bytes(self.voice.secret_key)
        )
        self._loop.call_soon_threadsafe(self._hear, int.from_bytes(packet[8:12], "big"), plain)

    def _hear(self, ssrc: int, frame: bytes) -> None:
        """Decrypt what is encrypted from end to end: the library itself only sends."""
        if frame.endswith(END_TO_END):
            self.ciphers.append(frame)
            sender = next(member.user_id for member in self.stage.directory.members if member.ssrc == ssrc)
            session = self.voice._connection.dave_session
            assert session is not None
            frame = bytes(session.decrypt(sender, davey.MediaType.audio, frame))
        self.heard.put_nowait((ssrc, frame))

    async def _note(self, _ws: Any, message: dict[str, Any]) -> None:
        """Note a message of the voice gateway."""
        self._messages.put_nowait(message["op"])

    async def wait_for(self, op: int) -> None:
        """Wait for the next message with this opcode."""
        async with asyncio.timeout(WAIT_S):
            while await self._messages.get() != op:
                pass

    async def hear(self) -> tuple[int, bytes]:
        """Wait for the next packet."""
        async with asyncio.timeout(WAIT_S):
            return await self.heard.get()


@contextlib.asynccontextmanager
async def bots(stage: Stage, certificates: Certificates, *user_ids: int) -> AsyncIterator[list[Bot]]:
    """Bots that have joined, and leave at the end."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=certificates.trust())) as http:
        joined: list[Bot] = []
        for user_id in user_ids:
            bot = Bot(stage, user_id, http)
            joined.append(bot)
            await bot.join()
            if len(joined) > 1:
                for each in joined:
                    await each.wait_for(EXECUTE_TRANSITION)
        yield joined
        for bot in joined:
            await bot.leave()
