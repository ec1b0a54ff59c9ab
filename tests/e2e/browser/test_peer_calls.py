"""Two people with real browsers who call each other without the media node, and go to it when a third one comes."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.browser.test_voice import CAMERA, open_server
from tests.support.chromium import CHROMIUM, Page
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person
from tests.support.server_process import Server
from tests.support.voice.tabs import Tab, open_tabs

pytestmark = [pytest.mark.embedded, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")]
"""`tests/e2e/features/test_voice_servers.py` has such calls on clusters."""

SCRIPTS: Final = [Path(__file__).with_name(name) for name in ("client.js", "peer_call.js")]


class Caller:
    """A person, and a tab with its session."""

    def __init__(self, person: Person, page: Page) -> None:
        self.person = person
        self.page = page
        self.tab = Tab(page, lambda: self.facts)
        self.facts: dict[str, Any] = {}

    async def join(self, server: Server, channel_id: str) -> None:
        """Open a session and come into the call."""
        await self.page.run(f"globalThis.client = new Client({server.api!r}); 0")
        await self.page.call("client.logIn", f"{self.person.name}@example.org", "correct horse battery")
        await self.page.run("client.open('').then(() => 0)")
        await self.page.run(f"globalThis.call = new PeerCall(client, '{self.person.id}', '{channel_id}'); 0")
        await self.page.run("call.join()")

    async def go_to_node(self) -> None:
        """Wait until the server sends the tab to the node, and join there."""
        told = await self.page.run("call.waitForNode()")
        assert (told["state"], told["open"]) == ("node", 0)
        self.facts = told["facts"]
        await self.tab.join(video=CAMERA)


async def test_two_tabs_call_each_other_directly_and_go_to_the_node_when_a_third_comes(tmp_path: Path) -> None:
    async with (
        open_server(tmp_path, GUILDWAY_VOICE_MOST_PEERS="2") as server,
        open_tabs(tmp_path, 2, scripts=SCRIPTS) as pages,
        contextlib.AsyncExitStack() as stack,
    ):
        people = [await stack.enter_async_context(await Person.register(server.api)) for _ in range(3)]
        alice, bob, eve = people
        await alice.befriend(bob, eve)
        recipients = {"recipients": [bob.id, eve.id]}
        channel_id = (await alice.call("POST", "/users/@me/channels", recipients))["id"]
        one, two = (Caller(person, page) for person, page in zip((alice, bob), pages, strict=True))
        for caller in (one, two):
            await caller.join(server, channel_id)
        wanted = {"audio": True, "video": CAMERA}
        await asyncio.gather(
            one.page.call("call.agree.bind(call)", wanted, [bob.id]),
            two.page.call("call.agree.bind(call)", wanted, [alice.id]),
        )
        check = "(found) => found.audio.packetsReceived > 20 && found.video.framesDecoded > 3"
        for caller, other in ((one, bob), (two, alice)):
            await caller.page.run(f"call.until('{other.id}', {check})")
            both = f"(d) => d.connected.includes('{alice.id}') && d.connected.includes('{bob.id}')"
            await caller.page.run(f"client.waitFor('CALL_PEERS_UPDATE', {both})")

        eves = await stack.enter_async_context(open_gateway(server.gateway))
        await eves.identify(eve.token)
        await eves.send(4, {"guild_id": None, "channel_id": channel_id})
        await asyncio.gather(one.go_to_node(), two.go_to_node())
        for caller, other in ((one, two), (two, one)):
            await caller.tab.until(other.tab.ssrc, "found.packetsReceived > 20")
            await caller.tab.until(other.tab.video_ssrc, "found.framesDecoded > 3")
        for caller in (one, two):
            await caller.tab.leave()
            await caller.page.run("call.leave()")
