"""People who are idle in voice, in a whole server: sockets, a media node and its process are real, and only the watch over
who is idle has a clock that the test moves.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.runtime.settings.settings import (
    ApiSettings,
    GatewaySettings,
    MetricsSettings,
    Settings,
    StoreSettings,
    VoiceSettings,
)
from gateway.homes.afk_watch import AfkWatch
from guildway.addresses import Addresses
from guildway.processes.embedded import open_embedded
from tests.fakes.clock import FakeClock
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.voice.node import LOOPBACK
from tests.support.voice.people import enter, voice_channel

TIMEOUT_S = 60


class Watch:
    """The server's watch, its clock, and what media nodes tell it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.noted = asyncio.Event()
        self._watch: AfkWatch
        monkeypatch.setattr("gateway.homes_side.AfkWatch", self._make)
        told = AfkWatch.note

        def note(watch: AfkWatch, key: Any) -> None:
            told(watch, key)
            self.noted.set()

        monkeypatch.setattr(AfkWatch, "note", note)

    def _make(self, **parts: Any) -> AfkWatch:
        self._watch = AfkWatch(**{**parts, "clock": self.clock})
        return self._watch

    async def sweep_after(self, seconds: float) -> None:
        """Let time pass, and look at all who are in voice."""
        self.clock.advance(seconds)
        await self._watch.sweep()


@contextlib.asynccontextmanager
async def running_server(folder: Path) -> AsyncIterator[Addresses]:
    """A whole server in this process."""
    settings = Settings(
        store=StoreSettings(data_dir=str(folder)),
        api=ApiSettings(host=LOOPBACK, port=0),
        gateway=GatewaySettings(host=LOOPBACK, port=0),
        metrics=MetricsSettings(enabled=False),
        voice=VoiceSettings(host=LOOPBACK, public_address=LOOPBACK, port=0, media_port=0),
    )
    stopping, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with open_embedded(settings) as server:
        running = asyncio.create_task(server.run(stopping=stopping, when_ready=ready.set_result))
        try:
            await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED)
            yield ready.result()
        finally:
            stopping.set()
            await running


async def join(client: GatewayClient, guild_id: str, channel_id: str, person: Person) -> None:
    """Join a voice channel, and wait until that is told."""
    before = len(client.bodies("VOICE_STATE_UPDATE"))
    await client.send(4, {"guild_id": guild_id, "channel_id": channel_id})
    await client.wait_until(lambda: where_is(client, person, since=before) == channel_id)


def where_is(client: GatewayClient, person: Person, *, since: int = 0) -> str | None:
    """Return where somebody is as a client was told last."""
    states = [each for each in client.bodies("VOICE_STATE_UPDATE")[since:] if each["user_id"] == person.id]
    return states[-1]["channel_id"] if states else None


async def test_whoever_says_nothing_for_the_timeout_is_moved_to_the_afk_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    async with contextlib.AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(running_server(tmp_path))
        alice, bob = [await stack.enter_async_context(await Person.register(addresses.api)) for _ in range(2)]
        guild = await alice.make_guild()
        await alice.invite(text_channel(guild), bob)
        room, path = voice_channel(guild), f"/guilds/{guild['id']}"
        afk = (await alice.call("POST", f"{path}/channels", {"name": "away", "type": 2}))["id"]
        await alice.call("PATCH", path, {"afk_channel_id": afk, "afk_timeout": TIMEOUT_S})
        alices, bobs = [await stack.enter_async_context(open_gateway(addresses.gateway)) for _ in range(2)]
        session_id = (await alices.identify(alice.token))["session_id"]
        await bobs.identify(bob.token)
        await join(alices, guild["id"], room, alice)
        await join(bobs, guild["id"], room, bob)
        await alices.wait_until(lambda: where_is(alices, bob) == room)
        await alices.wait_for("VOICE_SERVER_UPDATE", lambda update: bool(update["endpoint"]))
        voice = await enter(alices, session_id, alice)

        await watch.sweep_after(0)  # from now on they are idle
        await watch.sweep_after(TIMEOUT_S - 1)
        watch.noted.clear()
        while not watch.noted.is_set():
            voice.talk(b"I am here" * 100)  # as many bytes as speech has
            await asyncio.sleep(0.02)
        await watch.sweep_after(1)
        moved = await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["channel_id"] == afk)
        assert (moved["user_id"], moved["suppress"], moved["guild_id"]) == (bob.id, True, guild["id"])
        await bobs.wait_until(lambda: where_is(bobs, bob) == afk)
        assert (await alice.call("GET", f"{path}/voice-states/@me"))["channel_id"] == room

        await watch.sweep_after(TIMEOUT_S)  # Alice has said nothing since
        await alices.wait_until(lambda: where_is(alices, alice) == afk)
        await join(bobs, guild["id"], room, bob)
        own = await bob.call("GET", f"{path}/voice-states/@me")
        assert (own["channel_id"], own["suppress"]) == (room, False)
        await voice.leave()
