"""A stock bot behind each proxy of deploy/proxies, over TLS: it logs in, chats, sends a file, and comes back.

Each reaches the server by ports, and by Unix sockets in the forms that the guide shows.
"""

import asyncio
import io
import ssl
from pathlib import Path

import aiohttp
import pytest

from deploy.services.definition import LOOPBACK, find_free_port
from tests.e2e.clients.discord_bot import cut_socket, discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.proxies.stock_proxies import StockProxy
from tests.support.server_process import Server
from tests.support.services import serving
from tests.support.voice.certificates import make_certificates

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

FILE = bytes(range(256)) * 8192
"""Two MiB, more than any proxy keeps in memory or lets pass by default."""


class Addresses:
    """Where clients of a proxy go."""

    def __init__(self, port: int) -> None:
        self.api = f"https://{LOOPBACK}:{port}"
        self.gateway = f"wss://{LOOPBACK}:{port}/gateway"


async def refuse_strangers(port: int, trust: ssl.SSLContext) -> None:
    """Ask for what is staff's alone, in each way that the API understands."""
    for path in ("/admin/users", "/%61dmin/users", "//admin/users"):
        reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust, server_hostname=LOOPBACK)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode())
        assert b" 403 " in await reader.readline(), path
        writer.transport.abort()


@pytest.mark.parametrize("by_sockets", [False, True], ids=["ports", "sockets"])
@pytest.mark.parametrize("name", ["nginx", "haproxy", "caddy"])
async def test_stock_bot_is_served_behind_a_proxy_with_tls(tmp_path: Path, name: str, by_sockets: bool) -> None:
    places = Addresses(port := find_free_port())
    settings = {
        "GUILDWAY_GATEWAY_PUBLIC_URL": places.gateway,
        "GUILDWAY_FILES_PUBLIC_URL": places.api,
        "GUILDWAY_API_TRUSTED_PROXIES": "unix:" if by_sockets else LOOPBACK,
    }
    sockets = {each: tmp_path / f"{each}.sock" for each in ("api", "gateway")} if by_sockets else {}
    server = await Server(tmp_path / "data", settings, sockets=sockets).start()
    try:
        certificates = make_certificates(tmp_path)
        api, gateway = (url.rpartition("//")[2] for url in (server.api, server.gateway))
        proxy = StockProxy(name, folder=tmp_path / name, port=port, api=api, gateway=gateway, certificates=certificates)
        with serving(proxy, is_demanded=name != "caddy"):
            async with await Person.register(server.api) as owner:
                guild = await owner.make_guild()
                channel_id = text_channel(guild)
                bot = await owner.make_bot(guild["id"])
                connector = aiohttp.TCPConnector(ssl=certificates.trust())
                async with running_bot(places, bot["token"], connector=connector) as (client, seen):
                    await owner.send(channel_id, "hello")
                    (message,) = await seen.wait_for("message", lambda m: m.content == "hello")
                    answer = await message.reply("a file", file=discord.File(io.BytesIO(FILE), "large.bin"))
                    assert answer.attachments[0].url.startswith(places.api)
                    assert await answer.attachments[0].read() == FILE
                    cut_socket(client)
                    await seen.wait_for("resumed")
                    await owner.send(channel_id, "again")
                    await seen.wait_for("message", lambda m: m.content == "again")
            await refuse_strangers(port, certificates.trust())
        assert not any("X-Forwarded-For is not believed" in line for line in server.log)
    finally:
        assert await server.stop() == 0
