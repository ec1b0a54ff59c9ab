"""The stock libraries, each with one account for all scenes of a run; each scene brings its own people and guilds."""

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
BOTS: Final = ("discord.py", "hikari", "discord.js", "oceanic.js")
PEOPLE: Final = ("discord.py-self",)
"""Libraries for people's accounts: a scene's bot is then a person with the same rights."""

_ADMINISTRATOR: Final = 8
SITE: Final = Path(__file__).parents[1] / "discord_self" / "site"


_MODULES: Final = {"discord.py": "discord_py_bot", "hikari": "hikari_bot", "discord.py-self": "discord_self_person"}


def _command(library: str, server: Server, token: str) -> tuple[tuple[str, ...], Path]:
    """Return the command that runs a library's bot, and the folder for it."""
    if library == "discord.js":
        return (NODE or "node", "discordjs.mjs", server.api, token), FOLDER
    if library == "oceanic.js":
        return (NODE or "node", "oceanic.mjs", server.api, token, "none"), FOLDER
    module = _MODULES[library]
    return (sys.executable, "-m", f"tests.e2e.libraries.{module}", server.api, server.gateway, token), ROOT


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An account and the process of its library. A bot's `person` is None."""

    id: str
    process: BotProcess
    person: Person | None

    async def join(self, owner: Person, guild: dict[str, Any]) -> None:
        """Come into a guild as an administrator."""
        if self.person is None:
            await owner.add_bot(self.id, guild["id"], _ADMINISTRATOR)
        else:
            await owner.invite(text_channel(guild), self.person)
            fields = {"name": "administrators", "permissions": str(_ADMINISTRATOR)}
            role = await owner.call("POST", f"/guilds/{guild['id']}/roles", fields)
            await owner.call("PUT", f"/guilds/{guild['id']}/members/{self.id}/roles/{role['id']}")
        await self.process.wait_for("guild", lambda event: event["id"] == guild["id"])


class Cast:
    """The accounts whose processes run, by library; a process starts when a scene first asks for it."""

    def __init__(self, server: Server, owner: Person, running: AsyncExitStack) -> None:
        self._server = server
        self._owner = owner
        self._running = running
        self._actors: dict[str, Actor] = {}

    async def take(self, library: str) -> Actor:
        """Return the account of a library."""
        if library not in self._actors or self._actors[library].process.has_ended:
            self._actors[library] = await self._start(library)
        return self._actors[library]

    async def _start(self, library: str) -> Actor:
        person = None
        if library in PEOPLE:
            person = await self._running.enter_async_context(await Person.register(self._server.api))
            made = {"id": person.id, "token": person.token}
        else:
            made = await self._owner.make_bot()
        command, folder = _command(library, self._server, made["token"])
        process = await self._running.enter_async_context(running_bot_process(*command, folder=folder))
        return Actor(id=made["id"], process=process, person=person)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cast(server: Server) -> AsyncIterator[Cast]:
    """The accounts of all libraries."""
    async with await Person.register(server.api) as owner, AsyncExitStack() as running:
        yield Cast(server, owner, running)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A guild of Alice's with Bob and a library's account, which is an administrator."""

    library: str
    actor: Actor
    alice: Person
    bob: Person
    guild: dict[str, Any]

    @property
    def bot(self) -> BotProcess:
        """The process that takes orders."""
        return self.actor.process

    @property
    def bot_id(self) -> str:
        """The id of the account."""
        return self.actor.id

    @property
    def title(self) -> str:
        """The title of an embed; people's clients send no embeds."""
        return "Title" if self.actor.person is None else ""

    @property
    def channel(self) -> str:
        """The guild's first text channel."""
        return text_channel(self.guild)


@pytest_asyncio.fixture(
    params=[pytest.param(name, marks=[pytest.mark.node] * name.endswith(".js")) for name in BOTS + PEOPLE],
    loop_scope="session",
)
async def scene(request: pytest.FixtureRequest, cast: Cast, alice: Person, bob: Person) -> Scene:
    """A scene for each library."""
    library = request.param
    if library.endswith(".js") and (NODE is None or not (FOLDER / "node_modules").is_dir()):
        pytest.skip("Node or the packages of tests/e2e/node are missing")
    if library in PEOPLE and not SITE.is_dir():
        pytest.skip("discord.py-self is missing: `make discord-self`")
    actor = await cast.take(library)
    guild = await alice.make_guild()
    await actor.join(alice, guild)
    await alice.invite(text_channel(guild), bob)
    return Scene(library=library, actor=actor, alice=alice, bob=bob, guild=guild)
