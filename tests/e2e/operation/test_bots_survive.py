"""Bots of stock libraries go on after `kill -9`: all of them resume, and miss no message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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
from tests.support.proxies.patient_proxy import patient_proxy
from tests.support.server_process import Server
from tests.support.written_sessions import wait_written

Contents = Callable[[], list[str]]
Reached = Callable[[Path], AbstractAsyncContextManager[tuple[Server, "Place"]]]
HAS_NODE = NODE is not None and (FOLDER / "node_modules").is_dir()


@asynccontextmanager
async def discord_py(place: "Place", token: str) -> AsyncIterator[Contents]:
    async with discord_bot.running_bot(place, token) as (_, seen):
        yield lambda: [message.content for (message,) in seen.all("message")]


@asynccontextmanager
async def hikari_bot(place: "Place", token: str) -> AsyncIterator[Contents]:
    async with test_hikari.running_bot(place, token) as (_, seen):
        await seen.wait_for(hikari.GuildAvailableEvent)
        kind = hikari.GuildMessageCreateEvent
        yield lambda: [event.content or "" for event in seen.events if isinstance(event, kind)]


@asynccontextmanager
async def node_bot(place: "Place", token: str, *, script: tuple[str, ...]) -> AsyncIterator[Contents]:
    name, *options = script
    async with running_node_bot(name, place.api, token, *options) as bot:
        yield bot.contents


@asynccontextmanager
async def typed_bot(place: "Place", token: str, *, library: Any) -> AsyncIterator[Contents]:
    async with library.running(place, token) as bot:
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


@dataclass(frozen=True)
class Place:
    """A server as bots reach it."""

    api: str
    gateway: str


@asynccontextmanager
async def reached_directly(folder: Path) -> AsyncIterator[tuple[Server, Place]]:
    server = await Server(folder, GENEROUS).start()
    try:
        yield server, Place(server.api, server.gateway)
    finally:
        assert await server.stop() == 0


@asynccontextmanager
async def reached_by_a_proxy(folder: Path) -> AsyncIterator[tuple[Server, Place]]:
    """A gateway whose address never refuses a connection."""
    server = Server(folder, GENEROUS)
    async with patient_proxy(lambda: int(server.gateway.rsplit(":", 1)[-1])) as port:
        public_url = f"ws://127.0.0.1:{port}"
        server = Server(folder, {**GENEROUS, "GUILDWAY_GATEWAY_PUBLIC_URL": public_url})
        await server.start()
        try:
            yield server, Place(server.api, public_url)
        finally:
            assert await server.stop() == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reached", [reached_directly, reached_by_a_proxy])
async def test_bots_of_all_libraries_resume_after_a_kill_and_miss_nothing(tmp_path: Path, reached: Reached) -> None:
    kinds = list_kinds()
    if reached is reached_directly:
        # It gives its session up when an address refuses a connection, and begins a new one.
        kinds.pop("discord.js", None)
    async with reached(tmp_path / "data") as (server, place), await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        async with AsyncExitStack() as bots:
            heard: dict[str, Contents] = {}
            for name, (run, options) in kinds.items():
                made = await alice.make_bot(guild["id"])
                heard[name] = await bots.enter_async_context(run(place, made["token"], **options))
            async with chatting(alice, channel_id) as chatter:
                await wait_written(server.data, lambda written: len(written) >= len(kinds))
                killed_s = await restart(server)
                await wait_for_resumes(server, len(kinds))
                await chatter.wait_for(20)
            last = f"message n{len(chatter.answered) - 1}"
            await wait_until(lambda: all(last in contents() for contents in heard.values()))
            ids = {f"message n{number}": message_id for number, message_id in enumerate(chatter.answered)}
            for contents in heard.values():
                messages = [ids[content] for content in contents() if content]  # joins have none
                check_heard(messages, chatter, repeated_s=REPEATED_S, killed_s=[killed_s])
        # A library may lose its connection and come back more than once; none may be refused.
        assert (await count_resumes(server)).keys() == {"restored"}


async def wait_for_resumes(server: Server, wanted: int) -> None:
    """Wait until so many clients have resumed, or one was refused. Libraries wait some seconds before they try."""
    async with asyncio.timeout(60):
        while sum((await count_resumes(server)).values()) < wanted:  # noqa: ASYNC110 - as below
            await asyncio.sleep(0.2)


async def wait_until(check: Callable[[], bool]) -> None:
    """Wait until a check of what other processes have told is true."""
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - bots are processes of their own
            await asyncio.sleep(0.1)
