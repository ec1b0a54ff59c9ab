"""What needs no proxy: TLS, with a certificate that is replaced while the server runs, and one port for everything."""

import asyncio
import io
import os
import shutil
import signal
import socket
import ssl
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.clients.discord_bot import cut_socket, discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.voice.certificates import make_certificates

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

FILE = bytes(range(256)) * 8192


async def show_certificate(url: str, trust: ssl.SSLContext) -> bytes:
    """Return the certificate that a listener shows now."""

    def ask() -> bytes:
        host, _, port = url.rpartition("/")[2].rpartition(":")
        with (
            socket.create_connection((host, int(port)), 10) as plain,
            trust.wrap_socket(plain, server_hostname=host) as stream,
        ):
            return stream.getpeercert(binary_form=True) or b""

    return await asyncio.to_thread(ask)


async def reload(server: Server, text: str) -> None:
    """Send SIGHUP and wait for the line of the log."""
    seen = len(server.log)
    os.kill(server.pid, signal.SIGHUP)
    async with asyncio.timeout(60):
        while not any(text in line for line in server.log[seen:]):  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0)


async def test_stock_bot_chats_by_tls_through_a_change_of_certificates(tmp_path: Path) -> None:
    first, second = (make_certificates(_made(tmp_path / name)) for name in ("first", "second"))
    certificate = tmp_path / "server.pem"
    shutil.copy(first.server, certificate)
    server = await Server(tmp_path / "data", {"GUILDWAY_TLS_CERTIFICATE": str(certificate)}).start()
    try:
        assert (server.api[:8], server.gateway[:6]) == ("https://", "wss://")
        async with await Person.register(server.api, trust=first.trust()) as owner:
            assert (await owner.call("GET", "/gateway"))["url"].startswith("wss://")
            guild = await owner.make_guild()
            channel_id = text_channel(guild)
            bot = await owner.make_bot(guild["id"])
            connector = aiohttp.TCPConnector(ssl=first.trust())
            async with running_bot(server, bot["token"], connector=connector) as (client, seen):
                await owner.send(channel_id, "hello")
                (message,) = await seen.wait_for("message", lambda m: m.content == "hello")
                answer = await message.reply("a file", file=discord.File(io.BytesIO(FILE), "large.bin"))
                assert answer.attachments[0].url.startswith("https://")
                assert await answer.attachments[0].read() == FILE

                before = await show_certificate(server.api, first.trust())
                shutil.copy(second.server, certificate)
                await reload(server, "the certificate was read again")
                for url in (server.api, server.gateway):
                    assert await show_certificate(url, second.trust()) != before
                certificate.write_text("no certificate")
                await reload(server, "the certificate could not be read again")
                assert await show_certificate(server.gateway, second.trust()) != before
                assert not client.is_closed()
                async with Person(server.api, owner.token, trust=second.trust()) as again:
                    await again.send(channel_id, "still here")
                await seen.wait_for("message", lambda m: m.content == "still here")
        health = await asyncio.create_subprocess_exec(sys.executable, "-m", "guildway", "health", "--url", server.api)
        assert await health.wait() == 0
    finally:
        assert await server.stop() == 0


@pytest.mark.parametrize("has_tls", [False, True], ids=["plain", "tls"])
async def test_stock_bot_finds_api_and_gateway_at_one_port(tmp_path: Path, has_tls: bool) -> None:
    certificates = make_certificates(_made(tmp_path / "certificates"))
    settings = {"GUILDWAY_GATEWAY_ON_API_PORT": "true"}
    if has_tls:
        settings["GUILDWAY_TLS_CERTIFICATE"] = str(certificates.server)
    server = await Server(tmp_path / "data", settings).start()
    try:
        assert server.gateway.rpartition(":")[2] == server.api.rpartition(":")[2]
        async with await Person.register(server.api, trust=certificates.trust()) as owner:
            guild = await owner.make_guild()
            channel_id = text_channel(guild)
            bot = await owner.make_bot(guild["id"])
            connector = aiohttp.TCPConnector(ssl=certificates.trust())
            async with running_bot(server, bot["token"], connector=connector) as (client, seen):
                await owner.send(channel_id, "hello")
                (message,) = await seen.wait_for("message", lambda m: m.content == "hello")
                await message.reply("and to you", file=discord.File(io.BytesIO(FILE), "large.bin"))
                cut_socket(client)
                await seen.wait_for("resumed")
                await owner.send(channel_id, "again")
                await seen.wait_for("message", lambda m: m.content == "again")
    finally:
        assert await server.stop() == 0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
