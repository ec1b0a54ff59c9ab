"""Bots of stock libraries go on after `kill -9`: all of them resume, and miss no message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import discord_bot, test_hikari
from tests.e2e.clients.node_bot import FOLDER, NODE, running_node_bot
from tests.e2e.clients.test_hikari import hikari
from tests.e2e.clients.typed_bots import LIBRARIES
from tests.e2e.conftest import GENEROUS
from tests.e2e.operation.test_sessions_survive import REPEATED_S, count_resumes, restart
from tests.support.chatter import chatting, check_heard
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

Contents = Callable[[], list[str]]
HAS_NODE = NODE is not None and (FOLDER / "node_modules").is_dir()


@asynccontextmanager
async def discord_py(server: Server, token: str) -> AsyncIterator[Contents]:
    async with discord_bot.running_bot(server, token) as (_, seen):
        yield lambda: [message.content for (message,) in seen.all("message")]


@asynccontextmanager
async def hikari_bot(server: Server, token: str) -> AsyncIterator[Contents]:
    async with test_hikari.running_bot(server, token) as (_, seen):
        await seen.wait_for(hikari.GuildAvailableEvent)
        kind = hikari.GuildMessageCreateEvent
        yield lambda: [event.content or "" for event in seen.events if isinstance(event, kind)]


@asynccontextmanager
async def node_bot(server: Server, token: str, *, script: tuple[str, ...]) -> AsyncIterator[Contents]:
    name, *options = script
    async with running_node_bot(name, server.api, token, *options) as bot:
        yield bot.contents


@asynccontextmanager
async def typed_bot(server: Server, token: str, *, library: Any) -> AsyncIterator[Contents]:
    async with library.running(server, token) as bot:
        await bot.wait_for("guild")
        yield bot.contents


def list_kinds() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return the libraries that are here."""
    kinds: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "discord.py": (discord_py, {}),
        "hikari": (hikari_bot, {}),
    }
    if HAS_NODE:
        kinds["discord.js"] = (node_bot, {"script": ("discordjs.mjs",)})
        kinds["oceanic.js"] = (node_bot, {"script": ("oceanic.mjs", "zlib-stream")})
    for library in LIBRARIES:
        if library.is_built:
            kinds[library.name] = (typed_bot, {"library": library})
    return kinds


@pytest.mark.timeout(180)
async def test_bots_of_all_libraries_resume_after_a_kill_and_miss_nothing(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    kinds = list_kinds()
    assert len(kinds) >= 2
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        async with AsyncExitStack() as bots:
            heard: dict[str, Contents] = {}
            for name, (run, options) in kinds.items():
                made = await alice.make_bot(guild["id"])
                heard[name] = await bots.enter_async_context(run(server, made["token"], **options))
            async with chatting(alice, channel_id) as chatter:
                await asyncio.sleep(1.5)
                killed_s = await restart(server)
                await wait_for_resumes(server, len(kinds))
                await chatter.wait_for(20)
            last = f"message n{len(chatter.answered) - 1}"
            await wait_until(lambda: all(last in contents() for contents in heard.values()))
            ids = {f"message n{number}": message_id for number, message_id in enumerate(chatter.answered)}
            for contents in heard.values():
                messages = [ids[content] for content in contents()]
                check_heard(messages, chatter, repeated_s=REPEATED_S, killed_s=[killed_s])
            assert await count_resumes(server) == {"restored": len(kinds)}
    assert await server.stop() == 0


async def wait_for_resumes(server: Server, wanted: int) -> None:
    """Wait until so many clients have resumed, or one was refused. Libraries wait some seconds before they try."""
    async with asyncio.timeout(60):
        while sum((await count_resumes(server)).values()) < wanted:  # noqa: ASYNC110 - as below
            await asyncio.sleep(0.2)


async def wait_until(check: Callable[[], bool]) -> None:
    """Wait until a check of what other processes have told is true."""
    async with asyncio.timeout(30):
        while not check():  # noqa: ASYNC110 - bots are processes of their own
            await asyncio.sleep(0.1)
