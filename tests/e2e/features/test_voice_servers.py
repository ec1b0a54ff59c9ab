"""Voice from end to end: op 4 leads to a media node, whose clients hear each other as long as their rights last."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from core.voice.interfaces import VoiceServer
from tests.e2e.conftest import GENEROUS
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.voice.client import VoiceTestClient
from tests.support.voice.webrtc_client import WebrtcTestClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRACE_S = 3
WAIT_S = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server with a media node, at which sessions may be resumed for seconds."""
    settings = {
        **GENEROUS,
        "GUILDWAY_VOICE_ENABLED": "true",
        "GUILDWAY_VOICE_HOST": "127.0.0.1",
        "GUILDWAY_VOICE_PUBLIC_ADDRESS": "127.0.0.1",
        "GUILDWAY_GATEWAY_RESUME_WINDOW_S": str(GRACE_S),
    }
    server = await Server(tmp_path_factory.mktemp("voice"), settings).start()
    yield server
    assert await server.stop() == 0


@contextlib.asynccontextmanager
async def open_session(server: Server, person: Person) -> AsyncIterator[tuple[GatewayClient, str]]:
    """A session, with its id."""
    async with open_gateway(server.gateway) as client:
        ready = await client.identify(person.token)
        yield client, ready["session_id"]


def voice_channel(guild: dict[str, Any]) -> str:
    """Return the id of a guild's first voice channel."""
    return next(channel["id"] for channel in guild["channels"] if channel["type"] == 2)


async def join(
    client: GatewayClient,
    session_id: str,
    person: Person,
    guild_id: str | None,
    channel_id: str,
    *,
    kind: type[VoiceTestClient] = VoiceTestClient,
) -> VoiceTestClient:
    """Join a channel, or a call, and take the seat at the node with a client of this kind."""
    told = len(client.bodies("VOICE_SERVER_UPDATE"))
    await client.send(4, {"guild_id": guild_id, "channel_id": channel_id, "self_mute": False, "self_deaf": False})
    await client.wait_until(lambda: [d for d in client.bodies("VOICE_SERVER_UPDATE")[told:] if d["endpoint"]])
    update = client.bodies("VOICE_SERVER_UPDATE")[-1]
    assert client.names().index("VOICE_STATE_UPDATE") < client.names().index("VOICE_SERVER_UPDATE")
    assert update["guild_id"] == guild_id
    host, _, port = update["endpoint"].rpartition(":")
    voice = kind(int(person.id), int(guild_id or update["channel_id"]), VoiceServer(update["token"], host, int(port)))
    voice.session_id = session_id
    await voice.join()
    return voice


async def hears(listener: VoiceTestClient, talker: VoiceTestClient, sound: bytes) -> None:
    """Wait until one hears the other: the first packets may come before the seat is known."""
    async with asyncio.timeout(WAIT_S):
        while True:
            talker.talk(sound)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while (await listener.hear())[1] != sound:
                        pass
                    return


async def test_people_who_join_hear_each_other_until_one_is_kicked(server: Server) -> None:
    async with await Person.register(server.api) as alice, await Person.register(server.api) as bob:
        guild = await alice.make_guild()
        await alice.invite(text_channel(guild), bob)
        async with open_session(server, alice) as (alices, alices_id), open_session(server, bob) as (bobs, bobs_id):
            one = await join(alices, alices_id, alice, guild["id"], voice_channel(guild))
            two = await join(bobs, bobs_id, bob, guild["id"], voice_channel(guild), kind=WebrtcTestClient)
            await hears(two, one, b"hello")
            await hears(one, two, b"and you")
            await alice.call("DELETE", f"/guilds/{guild['id']}/members/{bob.id}")
            assert await two.wait_closed() == 4014
            await one.leave()
            await two.leave()
            path = f"/guilds/{guild['id']}/guildway/voice-sessions"
            async with asyncio.timeout(WAIT_S):
                while len(stays := await alice.call("GET", path)) < 2:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
            assert {stay["user_id"] for stay in stays} == {alice.id, bob.id}
            for stay in stays:
                assert stay["channel_id"] == voice_channel(guild)
                assert stay["bytes_sent"] > 0 < stay["bytes_received"]
                assert stay["started_at"] <= stay["ended_at"]
            assert (await bob.request("GET", path)).status_code == 404
            assert await alice.call("GET", f"{path}?before={stays[-1]['id']}") == []
            assert await alice.call("GET", f"{path}?user_id={bob.id}&limit=1") == [
                stay for stay in stays if stay["user_id"] == bob.id
            ]


async def test_friends_who_call_hear_each_other_and_the_call_ends_with_its_last_session(server: Server) -> None:
    async with await Person.register(server.api) as alice, await Person.register(server.api) as bob:
        await alice.befriend(bob)
        channel = await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id})
        async with open_session(server, alice) as (alices, alices_id):
            async with open_session(server, bob) as (bobs, bobs_id):
                one = await join(alices, alices_id, alice, None, channel["id"])
                await bobs.wait_for("CALL_CREATE")  # until then ringing is told by it
                await alice.call("POST", f"/channels/{channel['id']}/call/ring")
                await bobs.wait_for("CALL_UPDATE", lambda call: call["ringing"] == [bob.id])
                await bobs.send(13, {"channel_id": channel["id"]})
                await bobs.wait_for("CALL_CREATE", lambda call: call["ringing"] == [bob.id])
                two = await join(bobs, bobs_id, bob, None, channel["id"])
                await hears(two, one, b"hello")
                await hears(one, two, b"and you")
                await two.leave()
            # Bob's session is gone, and may be resumed for a while; then he has left.
            await alices.wait_for("VOICE_STATE_UPDATE", lambda d: d["channel_id"] is None and d["user_id"] == bob.id)
            await alices.send(4, {"guild_id": None, "channel_id": None})
            await alices.wait_for("CALL_DELETE")
            ended = await alices.wait_for("MESSAGE_UPDATE", lambda message: message["type"] == 3)
            assert ended["call"]["participants"] == [alice.id, bob.id]
            assert await one.wait_closed() == 4014
            await one.leave()


@pytest.mark.embedded  # a cluster takes half a minute to come back
async def test_whoever_resumes_after_a_crash_is_still_in_voice_and_others_are_gone_after_the_grace(
    server: Server,
) -> None:
    async with await Person.register(server.api) as alice, await Person.register(server.api) as bob:
        guild = await alice.make_guild()
        await alice.invite(text_channel(guild), bob)
        channel_id = voice_channel(guild)
        async with open_session(server, alice) as (alices, session_id), open_session(server, bob) as (bobs, _):
            for client in (alices, bobs):
                await client.send(4, {"guild_id": guild["id"], "channel_id": channel_id})
            await alices.wait_until(lambda: len(alices.bodies("VOICE_STATE_UPDATE")) == 2)
            await asyncio.sleep(1.5)  # the journal's cut
            seq = alices.seq
            await server.kill()
        await server.start()
        async with open_gateway(server.gateway) as again:
            await again.resume(alice.token, session_id, seq)
            await again.wait_for("RESUMED")
            gone = await again.wait_for("VOICE_STATE_UPDATE", lambda state: state["channel_id"] is None)
            assert gone["user_id"] == bob.id
            own = await alice.call("GET", f"/guilds/{guild['id']}/voice-states/@me")
            assert (own["channel_id"], own["session_id"]) == (channel_id, session_id)
            absent = await alice.request("GET", f"/guilds/{guild['id']}/voice-states/{bob.id}")
            assert absent.status_code == 404
