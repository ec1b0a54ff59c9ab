"""The stock libraries, each with one bot for all scenes of a run; each scene brings its own people and guilds."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.e2e.clients.bot_process import BotProcess, running_bot_process
from tests.e2e.clients.node_bot import FOLDER, NODE
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

ROOT: Final = Path(__file__).parents[3]
LIBRARIES: Final = ("discord.py", "hikari", "discord.js", "oceanic.js")


def _command(library: str, server: Server, token: str) -> tuple[tuple[str, ...], Path]:
    """Return the command that runs a library's bot, and the folder for it."""
    if library == "discord.js":
        return (NODE or "node", "discordjs.mjs", server.api, token), FOLDER
    if library == "oceanic.js":
        return (NODE or "node", "oceanic.mjs", server.api, token, "none"), FOLDER
    module = {"discord.py": "discord_py_bot", "hikari": "hikari_bot"}[library]
    return (sys.executable, "-m", f"tests.e2e.libraries.{module}", server.api, server.gateway, token), ROOT


class Bots:
    """The bots that run, by library; a bot starts when a scene first asks for it."""

    def __init__(self, server: Server, owner: Person, running: AsyncExitStack) -> None:
        self._server = server
        self._owner = owner
        self._running = running
        self._bots: dict[str, tuple[str, BotProcess]] = {}

    async def take(self, library: str) -> tuple[str, BotProcess]:
        """Return the id of a library's bot and its process."""
        if library not in self._bots or self._bots[library][1].has_ended:
            made = await self._owner.make_bot()
            command, folder = _command(library, self._server, made["token"])
            process = await self._running.enter_async_context(running_bot_process(*command, folder=folder))
            self._bots[library] = made["id"], process
        return self._bots[library]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bots(server: Server) -> AsyncIterator[Bots]:
    """The bots of all libraries."""
    async with await Person.register(server.api) as owner, AsyncExitStack() as running:
        yield Bots(server, owner, running)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A guild of Alice's with Bob and a library's bot, which is its administrator."""

    library: str
    bot: BotProcess
    bot_id: str
    alice: Person
    bob: Person
    guild: dict[str, Any]

    @property
    def channel(self) -> str:
        """The guild's first text channel."""
        return text_channel(self.guild)


async def let_in(owner: Person, bot_id: str, bot: BotProcess) -> dict[str, Any]:
    """Make a guild with the bot in it, of which it knows."""
    guild = await owner.make_guild()
    await owner.add_bot(bot_id, guild["id"])
    await bot.wait_for("guild", lambda event: event["id"] == guild["id"])
    return guild


@pytest_asyncio.fixture(
    params=[pytest.param(name, marks=[pytest.mark.node] if name.endswith(".js") else []) for name in LIBRARIES],
    loop_scope="session",
)
async def scene(request: pytest.FixtureRequest, bots: Bots, alice: Person, bob: Person) -> Scene:
    """A scene for each library."""
    library = request.param
    if library.endswith(".js") and (NODE is None or not (FOLDER / "node_modules").is_dir()):
        pytest.skip("Node or the packages of tests/e2e/node are missing")
    bot_id, bot = await bots.take(library)
    guild = await let_in(alice, bot_id, bot)
    await alice.invite(text_channel(guild), bob)
    return Scene(library=library, bot=bot, bot_id=bot_id, alice=alice, bob=bob, guild=guild)
