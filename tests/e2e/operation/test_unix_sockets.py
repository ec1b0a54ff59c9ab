"""A server without ports: a stock bot reaches API and gateway by Unix sockets, whose files a killed server leaves."""

import asyncio
import io
import stat
import sys
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

FILE = bytes(range(256)) * 8192


class Addresses:
    """What a proxy before the sockets would be called."""

    api = "http://chat.test"
    gateway = "ws://gateway.test"


class TwoSockets(aiohttp.UnixConnector):
    """aiohttp's connector of Unix sockets, with another one for the gateway's name."""

    def __init__(self, *, api: Path, gateway: Path) -> None:
        super().__init__(str(api))
        self._gateway = aiohttp.UnixConnector(str(gateway))

    async def _create_connection(self, req: Any, *rest: Any) -> Any:
        if req.url.host == "gateway.test":
            return await self._gateway._create_connection(req, *rest)
        return await super()._create_connection(req, *rest)


async def test_stock_bot_chats_by_unix_sockets_which_a_later_start_takes_over(tmp_path: Path) -> None:
    sockets = {name: tmp_path / f"{name}.sock" for name in ("api", "gateway", "metrics")}
    settings = {
        "GUILDWAY_GATEWAY_PUBLIC_URL": Addresses.gateway,
        "GUILDWAY_FILES_PUBLIC_URL": Addresses.api,
        "GUILDWAY_GATEWAY_SOCKET_MODE": "0600",
    }
    server = await Server(tmp_path / "data", settings, sockets=sockets).start()
    try:
        assert (server.api, server.gateway) == (f"unix:{sockets['api']}", f"unix:{sockets['gateway']}")
        assert [stat.S_IMODE(path.stat().st_mode) for path in sockets.values()] == [0o660, 0o600, 0o660]
        async with await Person.register(server.api) as owner:
            assert (await owner.call("GET", "/gateway"))["url"] == Addresses.gateway
            guild = await owner.make_guild()
            channel_id = text_channel(guild)
            bot = await owner.make_bot(guild["id"])
            connector = TwoSockets(api=sockets["api"], gateway=sockets["gateway"])
            async with running_bot(Addresses, bot["token"], connector=connector) as (_, seen):
                await owner.send(channel_id, "hello")
                (message,) = await seen.wait_for("message", lambda m: m.content == "hello")
                answer = await message.reply("a file", file=discord.File(io.BytesIO(FILE), "large.bin"))
                assert answer.attachments[0].url.startswith(Addresses.api)
                assert await answer.attachments[0].read() == FILE

            await server.kill()
            assert all(path.is_socket() for path in sockets.values())
            await server.start()
        health = await asyncio.create_subprocess_exec(sys.executable, "-m", "guildway", "health", "--url", server.api)
        assert await health.wait() == 0
        async with httpx.AsyncClient(
            timeout=60, transport=httpx.AsyncHTTPTransport(uds=str(sockets["metrics"]))
        ) as operations:
            assert (await operations.get("http://localhost/metrics")).status_code == 200
    finally:
        assert await server.stop() == 0
    assert not any(path.exists() for path in sockets.values())
