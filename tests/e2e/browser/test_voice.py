"""Four people with real browsers in one voice channel, whose media node is killed. The cameras are small."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import GENEROUS
from tests.e2e.features.test_voice import find_node
from tests.support.chromium import CHROMIUM
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.voice.certificates import make_certificates
from tests.support.voice.tabs import Tab, open_tabs

pytestmark = [pytest.mark.embedded, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")]
"""`tests/e2e/cluster/test_voice.py` has killed nodes of a cluster."""

CAMERA = {"width": 160, "height": 120, "frameRate": 5}


class Visitor:
    """A person with a session, and a tab that goes where the newest VOICE_SERVER_UPDATE says."""

    def __init__(self, person: Person, client: GatewayClient, session_id: str, guild_id: str) -> None:
        self.person = person
        self.client = client
        self._session_id = session_id
        self._guild_id = guild_id

    @property
    def servers(self) -> list[dict[str, Any]]:
        """Where the person was told to go, in order."""
        return [told for told in self.client.bodies("VOICE_SERVER_UPDATE") if told["endpoint"]]

    def find_facts(self) -> dict[str, str]:
        """Return what a page must know to join."""
        told = self.servers[-1]
        return {
            "url": f"wss://{told['endpoint']}",
            "user": self.person.id,
            "server": self._guild_id,
            "session": self._session_id,
            "token": told["token"],
        }


@contextlib.asynccontextmanager
async def open_server(folder: Path, **more: str) -> AsyncIterator[Server]:
    """A server with a media node and TLS for voice, and more settings."""
    settings = {
        **GENEROUS,
        "GUILDWAY_VOICE_ENABLED": "true",
        "GUILDWAY_VOICE_HOST": "127.0.0.1",
        "GUILDWAY_VOICE_PUBLIC_ADDRESS": "127.0.0.1",
        "GUILDWAY_VOICE_CERTIFICATE": str(make_certificates(folder).server),
        **more,
    }
    server = await Server(folder / "data", settings).start()
    try:
        yield server
    finally:
        assert await server.stop() == 0


@contextlib.asynccontextmanager
async def open_visitors(server: Server, count: int) -> AsyncIterator[list[Visitor]]:
    """So many people, who are in a voice channel, and told where it is."""
    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(await Person.register(server.api)) for _ in range(count)]
        guild = await people[0].make_guild()
        channel_id = next(channel["id"] for channel in guild["channels"] if channel["type"] == 2)
        visitors = []
        for person in people:
            if person is not people[0]:
                await people[0].invite(text_channel(guild), person)
            client = await stack.enter_async_context(open_gateway(server.gateway))
            ready = await client.identify(person.token)
            visitors.append(Visitor(person, client, ready["session_id"], guild["id"]))
            await client.send(4, {"guild_id": guild["id"], "channel_id": channel_id})
        for visitor in visitors:
            await visitor.client.wait_until(lambda visitor=visitor: visitor.servers)
        yield visitors


async def test_media_of_four_tabs_is_back_after_their_node_was_killed(tmp_path: Path) -> None:
    async with (
        open_server(tmp_path) as server,
        open_visitors(server, 4) as visitors,
        open_tabs(tmp_path, len(visitors)) as pages,
    ):
        tabs = [Tab(page, visitor.find_facts) for page, visitor in zip(pages, visitors, strict=True)]
        await join_all(tabs)
        sources = {tab.ssrc for tab in tabs}
        told = [len(visitor.servers) for visitor in visitors]
        os.kill(find_node(server), signal.SIGKILL)
        for visitor, before in zip(visitors, told, strict=True):
            await visitor.client.wait_until(lambda visitor=visitor, before=before: len(visitor.servers) > before)
        for tab in tabs:
            await tab.page.run("voice.next(-1)")
            await tab.leave()
        await join_all(tabs)
        assert sources.isdisjoint(tab.ssrc for tab in tabs), "all of it is new"
        for tab in tabs:
            await tab.leave()


async def join_all(tabs: list[Tab]) -> None:
    """Join with all, and wait until each gets pictures and packets of sound of each other one."""
    await asyncio.gather(*(tab.join(video=CAMERA) for tab in tabs))
    for tab in tabs:
        for other in tabs:
            if other is not tab:
                await tab.until(other.ssrc, "found.packetsReceived > 20")
                await tab.until(other.video_ssrc, "found.framesDecoded > 3")
