"""Bots of typed libraries, discordgo (Go) and JDA (Java): the command of each, and whether it was built here.

`make go java` builds them. Both take the same orders and tell the same events.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.e2e.clients.bot_process import BotProcess, running_bot_process

_HERE = Path(__file__).parents[1]
_JAVA = shutil.which("java") or "java"


class Addresses(Protocol):
    """The addresses of a server."""

    api: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library's bot."""

    name: str
    folder: Path
    command: tuple[str, ...]
    built: Path
    """A path that exists when the bot was built."""

    @property
    def is_built(self) -> bool:
        """True when the bot can run here."""
        return self.built.exists() and shutil.which(self.command[0]) is not None

    @asynccontextmanager
    async def running(
        self, server: Addresses, token: str, *, shard: int = 0, shards: int = 1
    ) -> AsyncIterator[BotProcess]:
        """Run a bot on one client shard until the test ends, from the moment when it is ready."""
        arguments = (server.api, server.gateway, token, str(shard), str(shards))
        async with running_bot_process(*self.command, *arguments, folder=self.folder) as bot:
            yield bot


DISCORDGO = Library(name="discordgo", folder=_HERE / "go", command=(str(_HERE / "go/bot"),), built=_HERE / "go/bot")
JDA = Library(
    name="JDA",
    folder=_HERE / "java",
    command=(_JAVA, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", "target/classes:target/lib/*", "Bot"),
    built=_HERE / "java/target/.stamp",
)
LIBRARIES = (DISCORDGO, JDA)
