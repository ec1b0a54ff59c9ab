"""Voice end to end: stock discord.py bots join by op 4, talk, are muted, moved and removed, and survive a killed node.

They speak DAVE: what the node passes on is encrypted by one and decrypted by the other.
"""

import asyncio
import base64
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.bot_process import BotProcess, running_bot_process
from tests.support.person import Person
from tests.support.server_process import Server
from tests.support.voice.certificates import make_certificates

pytestmark = pytest.mark.embedded
"""`tests/e2e/cluster/test_voice.py` has a stock bot and killed nodes on a cluster."""

ROOT = Path(__file__).parents[3]
LONG = 1500
"""The frames of half a minute. Whoever begins to speak again and again is closed by the node for telling it too much."""


class Scene:
    """Two bots in one voice channel of a server with TLS for voice."""

    def __init__(self, server: Server, owner: Person, guild: str, channel: str) -> None:
        self.server = server
        self.owner = owner
        self.guild = guild
        self.channel = channel
        self.bots: list[BotProcess] = []
        self.ids: list[str] = []
        self.ssrcs: list[int] = []

    async def change(self, bot: int, **fields: Any) -> None:
        """Change a bot's membership."""
        await self.owner.call("PATCH", f"/guilds/{self.guild}/members/{self.ids[bot]}", fields)

    async def say(self, speaker: int, *words: str, order: str = "play") -> None:
        """Have a bot play a frame for each word."""
        frames = [base64.b64encode(word.encode()).decode() for word in words]
        await self.bots[speaker].order(order, frames=frames)

    async def hear(self, hearer: int, word: str) -> int:
        """Wait until a bot hears a word; return whose it is."""
        frame = base64.b64encode(word.encode()).decode()
        heard = await self.bots[hearer].wait_for("heard", lambda event: event["frame"] == frame)
        return int(heard["ssrc"])

    async def agree(self) -> None:
        """Wait until the bots have keys in common."""
        async with asyncio.timeout(60):
            while True:
                codes = [(await bot.order("code"))["code"] for bot in self.bots]
                if codes[0] is not None and codes[0] == codes[1]:
                    return
                await asyncio.sleep(0.05)

    def words(self, hearer: int) -> list[str]:
        """Return all that a bot has heard, in order."""
        heard = [event for event in self.bots[hearer].events if event["event"] == "heard"]
        return [base64.b64decode(event["frame"]).decode() for event in heard]


@contextlib.asynccontextmanager
async def two_bots(tmp_path: Path) -> AsyncIterator[Scene]:
    """A server, a guild and two bots who have joined."""
    certificates = make_certificates(tmp_path)
    settings = {
        "GUILDWAY_VOICE_ENABLED": "true",
        "GUILDWAY_VOICE_HOST": "127.0.0.1",
        "GUILDWAY_VOICE_CERTIFICATE": str(certificates.server),
        "GUILDWAY_GATEWAY_IDENTIFY_WINDOW_S": "0",
    }
    server = await Server(tmp_path / "data", settings).start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            owner = await stack.enter_async_context(await Person.register(server.api))
            guild = (await owner.make_guild())["id"]
            made = await owner.call("POST", f"/guilds/{guild}/channels", {"name": "voice", "type": 2})
            scene = Scene(server, owner, guild, made["id"])
            for _ in range(2):
                bot = await owner.make_bot(guild, permissions=0)
                scene.ids.append(bot["id"])
                command = (
                    sys.executable,
                    "-m",
                    "tests.e2e.clients.voice_bot",
                    server.api,
                    server.gateway,
                    bot["token"],
                )
                process = await stack.enter_async_context(
                    running_bot_process(*command, str(certificates.authority), folder=ROOT)
                )
                scene.bots.append(process)
                scene.ssrcs.append((await process.order("join", channel=scene.channel))["ssrc"])
            await scene.agree()
            yield scene
    finally:
        assert await server.stop() == 0


async def test_bots_talk_and_follow_moderators(tmp_path: Path) -> None:
    async with two_bots(tmp_path) as scene:
        words = [f"word {number}" for number in range(10)]
        await scene.say(0, *words)
        assert await scene.hear(1, words[-1]) == scene.ssrcs[0]
        assert scene.words(1) == words
        assert all(event["encrypted"] for event in scene.bots[1].events if event["event"] == "heard")
        await scene.say(1, "answer")
        assert await scene.hear(0, "answer") == scene.ssrcs[1]

        await scene.change(0, mute=True)
        await scene.bots[0].wait_for("voice", lambda event: event["user"] == scene.ids[0])
        # The node hears of it a moment after the bot.
        await scene.say(0, *["fading"] * LONG)
        await wait_for_metric(scene.server, "muted")
        await scene.say(0, "muted", order="play_out")  # it is sent before the bot may speak again
        await scene.change(0, mute=False)
        await scene.say(0, *["unmuted"] * LONG)
        await scene.hear(1, "unmuted")
        assert "muted" not in scene.words(1)

        await scene.change(0, channel_id=None)
        await scene.bots[1].wait_for("voice", lambda event: event == left(scene.ids[0]))
        assert (await scene.bots[0].order("join", channel=scene.channel))["ssrc"] not in scene.ssrcs
        await scene.agree()
        await scene.say(0, "back")
        await scene.hear(1, "back")
        await scene.bots[1].order("leave")


async def test_bots_are_heard_again_after_the_node_was_killed(tmp_path: Path) -> None:
    async with two_bots(tmp_path) as scene:
        for speaker in (0, 1):
            await scene.say(speaker, *["before"] * 500)
            await scene.hear(1 - speaker, "before")
        for bot in scene.bots:
            await bot.order("rest")
        os.kill(find_node(scene.server), signal.SIGKILL)
        for number, bot in enumerate(scene.bots):
            scene.ssrcs[number] = (await bot.order("wait_connected", but=scene.ssrcs[number]))["ssrc"]
            await bot.order("listen")
        await scene.agree()
        await scene.say(0, "after")
        assert await scene.hear(1, "after") == scene.ssrcs[0]


def left(user: str) -> dict[str, Any]:
    """What a bot tells of somebody who has left voice."""
    return {"event": "voice", "user": user, "channel": None}


def find_node(server: Server) -> int:
    """Return the id of the node's process, from the server's log."""
    found = [re.search(r'"node_pid": (\d+)', line) for line in server.log]
    return int([match for match in found if match][-1][1])


async def wait_for_metric(server: Server, reason: str) -> None:
    """Wait until the server has counted a datagram that was dropped for a reason."""
    async with Person(server.metrics) as reader:
        async with asyncio.timeout(60):
            while True:
                page = (await reader.request("GET", f"{server.metrics}/metrics")).text
                if re.search(rf'guildway_voice_drops_total\{{reason="{reason}"\}} [1-9]', page):
                    return
                await asyncio.sleep(0.2)
