"""A stock discord.py bot in voice as a process: it joins, plays frames and tells what it hears.

python -m tests.e2e.clients.voice_bot API GATEWAY TOKEN AUTHORITY
"""

import asyncio
import base64
import ssl
import sys
import warnings
from typing import Any

import aiohttp
import davey
import nacl.bindings
import yarl

from tests.e2e.libraries.orders import obey, tell

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop.
    import discord
    import discord.gateway
    import discord.http
    import discord.voice_state

_SILENCE = b"\xf8\xff\xfe"
_END_TO_END = b"\xfa\xfa"
"""How frames end that are encrypted from end to end."""
_SPEAKING = 5


class Frames(discord.AudioSource):
    """Frames that are encoded already."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    def read(self) -> bytes:
        """Return the next frame, and nothing at the end."""
        return self._frames.pop(0) if self._frames else b""

    def is_opus(self) -> bool:
        """Return True, so that nothing is encoded."""
        return True


class Bot(discord.Client):
    """Tells what happens."""

    async def on_ready(self) -> None:
        """Tell that the session is there."""
        tell("ready")

    async def on_voice_state_update(self, member: discord.Member, _: Any, after: discord.VoiceState) -> None:
        """Tell who is where."""
        tell("voice", user=str(member.id), channel=None if after.channel is None else str(after.channel.id))


class Voice(discord.VoiceClient):
    """Knows whose packets are whose. The library itself only sends, and does without."""

    users: dict[int, int]

    def create_connection_state(self) -> discord.voice_state.VoiceConnectionState:
        """Have the messages of the voice gateway noted."""
        self.users = {}
        return discord.voice_state.VoiceConnectionState(self, hook=self._note)

    async def _note(self, _ws: Any, message: dict[str, Any]) -> None:
        if message["op"] == _SPEAKING:
            self.users[message["d"]["ssrc"]] = int(message["d"]["user_id"])

    def open(self, ssrc: int, frame: bytes) -> bytes:
        """Decrypt a frame if it is encrypted from end to end."""
        session = self._connection.dave_session
        if session is None or not frame.endswith(_END_TO_END):
            return frame
        return bytes(session.decrypt(self.users[ssrc], davey.MediaType.audio, frame))


class Orders:
    """What the bot does when it is told to."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._voice: Voice
        self._loop = asyncio.get_running_loop()

    async def join(self, channel: str) -> Any:
        """Join a voice channel, and tell what is heard there."""
        place: Any = None
        while place is None:  # the bot may be ready before its guild has come
            await asyncio.sleep(0.01)
            place = self._bot.get_channel(int(channel))
        self._voice = await place.connect(timeout=55, cls=Voice)
        await self.listen()
        return {"ssrc": self._voice.ssrc, "mode": self._voice.mode, "endpoint": self._voice.endpoint}

    async def rest(self) -> Any:
        """Tell no more what is heard, once another packet has come.

        The library's reader waits for a packet for up to 30 s, and misses meanwhile that its socket is another one. It
        rests when its last listener leaves in its own thread.
        """
        connection, loop = self._voice._connection, asyncio.get_running_loop()
        rests = loop.create_future()

        def leave(_: bytes) -> None:
            connection.remove_socket_listener(leave)
            loop.call_soon_threadsafe(rests.set_result, None)

        connection.add_socket_listener(leave)
        connection.remove_socket_listener(self._take)
        await rests
        return {}

    async def listen(self) -> Any:
        """Tell what is heard."""
        self._voice._connection.add_socket_listener(self._take)
        return {}

    async def play(self, frames: list[str]) -> Any:
        """Play frames (base64), and what is played already no more."""
        self._voice.stop()
        self._voice.play(Frames([base64.b64decode(frame) for frame in frames]))
        return {}

    async def play_out(self, frames: list[str]) -> Any:
        """Play frames, as `play` does, and wait until the last one is sent."""
        ended = self._loop.create_future()
        self._voice.stop()
        self._voice.play(
            Frames([base64.b64decode(frame) for frame in frames]),
            after=lambda error: self._loop.call_soon_threadsafe(ended.set_result, error),
        )
        return {"error": repr(error)} if (error := await ended) else {}

    async def move(self, channel: str) -> Any:
        """Move to another channel."""
        await self._voice.move_to(self._bot.get_channel(int(channel)))  # type: ignore[arg-type]
        return {}

    async def wait_connected(self, but: int) -> Any:
        """Wait until the voice connection is up with another SSRC."""
        while not self._voice.is_connected() or self._voice.ssrc == but:  # noqa: ASYNC110 - the library tells nobody
            await asyncio.sleep(0.02)
        return {"ssrc": self._voice.ssrc}

    async def code(self) -> Any:
        """Tell what all in the room have in common if it is encrypted from end to end."""
        return {"code": self._voice.voice_privacy_code if self._voice._connection.can_encrypt else None}

    async def leave(self) -> Any:
        """Leave."""
        await self._voice.disconnect()
        return {}

    def _take(self, packet: bytes) -> None:
        if packet[0] < 0x80:
            return
        size = 16 if packet[0] & 0x10 else 12
        plain = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            packet[size:-4], packet[:size], packet[-4:].ljust(24, b"\0"), bytes(self._voice.secret_key)
        )
        self._loop.call_soon_threadsafe(self._hear, int.from_bytes(packet[8:12], "big"), plain)

    def _hear(self, ssrc: int, frame: bytes) -> None:
        sound = self._voice.open(ssrc, frame)
        if sound != _SILENCE:
            tell("heard", ssrc=ssrc, frame=base64.b64encode(sound).decode(), encrypted=sound != frame)


async def main(api: str, gateway: str, token: str, authority: str) -> None:
    """Run a bot until it is killed."""
    discord.http.Route.BASE = f"{api}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=authority))
    bot = Bot(intents=discord.Intents.all(), guild_ready_timeout=0.3, connector=connector)
    orders = Orders(bot)
    async with bot, asyncio.TaskGroup() as tasks:
        tasks.create_task(bot.start(token))
        tasks.create_task(obey(lambda name: getattr(orders, name)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
