"""Voice from end to end: op 4 leads to a media node, whose clients hear each other as long as rights, memberships,
accounts and logins last, and not longer, even if they go on sending with their keys.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.conftest import GENEROUS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.voice.peer import open_peers
from tests.support.voice.people import (
    CONNECT,
    GHOST,
    SPEAK,
    WAIT_S,
    enter,
    hears,
    join,
    open_house,
    open_session,
    voice_channel,
)
from tests.support.voice.webrtc_client import WebrtcTestClient
from tests.support.written_sessions import wait_written

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRACE_S = 6
SPEAKING = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server with a media node, at which sessions may be resumed for seconds."""
    settings = {
        **GENEROUS,
        "GUILDWAY_VOICE_ENABLED": "true",
        "GUILDWAY_VOICE_HOST": "127.0.0.1",
        "GUILDWAY_VOICE_PUBLIC_ADDRESS": "127.0.0.1",
        "GUILDWAY_VOICE_MOST_PEERS": "2",
        "GUILDWAY_GATEWAY_RESUME_WINDOW_S": str(GRACE_S),
    }
    server = await Server(tmp_path_factory.mktemp("voice"), settings).start()
    yield server
    assert await server.stop() == 0


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


async def test_media_end_with_the_login_the_account_and_the_membership(server: Server) -> None:
    async with open_house(server) as house:
        for ending in ("logged out", "suspended", "left", "banned"):
            async with await Person.register(server.api) as person:
                await house.let_in(person)
                async with open_session(server, person) as (client, session_id):
                    voice = await house.join(person, client, session_id)
                    match ending:
                        case "logged out":
                            await person.call("POST", "/auth/logout", {})
                        case "suspended":
                            await server.administer("users", "suspend", person.name)
                        case "left":
                            await person.call("DELETE", f"/users/@me/guilds/{house.guild_id}")
                        case "banned":
                            await house.owner.call("PUT", f"/guilds/{house.guild_id}/bans/{person.id}", {})
                    await house.check_over(voice)
        assert GHOST not in house.heard


async def test_media_end_with_rights_and_silence_begins_with_them(server: Server) -> None:
    async with open_house(server) as house, await Person.register(server.api) as bob:
        await house.let_in(bob)
        call, member, role = house.owner.call, house.member(bob), f"{house.member(bob)}/roles/{house.role}"
        async with open_session(server, bob) as (client, session_id):
            voice = await house.join(bob, client, session_id)
            await call("DELETE", role)
            await house.check_over(voice)

            await call("PUT", role)
            voice = await house.join(bob, client, session_id)
            await house.allow(SPEAK)
            await house.check_over(voice)

            await house.allow(CONNECT | SPEAK)
            voice = await house.join(bob, client, session_id)
            later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
            await call("PATCH", member, {"communication_disabled_until": later})
            await house.check_over(voice)

            await call("PATCH", member, {"communication_disabled_until": None})
            voice = await house.join(bob, client, session_id)
            told = len(client.bodies("VOICE_SERVER_UPDATE"))
            await call("PATCH", member, {"channel_id": house.elsewhere})
            await house.check_over(voice)
            await client.wait_until(lambda: len(client.bodies("VOICE_SERVER_UPDATE")) > told)

            voice = await house.join(bob, client, session_id)
            await voice.say(SPEAKING, {"speaking": 1, "delay": 0, "ssrc": voice.ssrc})
            while (await house.ears.expect(SPEAKING))["speaking"] != 1:
                pass
            await house.allow(CONNECT)
            while (await house.ears.expect(SPEAKING))["speaking"] != 0:
                pass  # from now on the node knows it
            voice.talk(GHOST)
            await house.allow(CONNECT | SPEAK)
            house.heard += await hears(house.ears, voice, b"again")
            await voice.leave()
        assert GHOST not in house.heard


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
                await bobs.send(18, {"type": "call", "guild_id": None, "channel_id": channel["id"]})
                refused = await bobs.wait_for("STREAM_DELETE")  # a screen is a track of the same connection here
                assert (refused["stream_key"], refused["reason"]) == (f"call:{channel['id']}:{bob.id}", "unauthorized")
                await two.leave()
            # Bob's session is gone, and may be resumed for a while; then he has left.
            await alices.wait_for("VOICE_STATE_UPDATE", lambda d: d["channel_id"] is None and d["user_id"] == bob.id)
            await alices.send(4, {"guild_id": None, "channel_id": None})
            await alices.wait_for("CALL_DELETE")
            ended = await alices.wait_for("MESSAGE_UPDATE", lambda message: message["type"] == 3)
            assert ended["call"]["participants"] == [alice.id, bob.id]
            assert await one.wait_closed() == 4014
            await one.leave()


async def test_two_who_call_hear_each_other_without_the_node_until_a_third_comes(server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(await Person.register(server.api)) for _ in range(3)]
        alice, bob, eve = people
        await alice.befriend(bob, eve)
        recipients = {"recipients": [bob.id, eve.id]}
        channel_id = (await alice.call("POST", "/users/@me/channels", recipients))["id"]
        (alices, alices_id), (bobs, bobs_id), (eves, _), (stock, _) = [
            await stack.enter_async_context(open_session(server, person)) for person in (*people, alice)
        ]
        path = f"/channels/{channel_id}/call/peers"
        for person, client in ((alice, alices), (bob, bobs)):
            await person.call("PATCH", "/users/@me/peer-to-peer", {"enabled": True})
            await client.send(4, {"guild_id": None, "channel_id": channel_id})
            await client.wait_for("VOICE_SERVER_UPDATE")
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["user_id"] == bob.id)
        await alice.call("PUT", f"{path}/@me", {"session_id": alices_id})
        await bob.call("PUT", f"{path}/@me", {"session_id": bobs_id})
        begun = [await each.wait_for("CALL_PEERS_UPDATE", lambda d: d["state"] == "direct") for each in (alices, bobs)]
        assert begun[0] == begun[1]
        round_id = begun[0]["round_id"]

        async with open_peers() as (one, two):
            offer = {"round_id": round_id, "type": "offer", "sdp": await one.offer()}
            await alice.call("POST", f"{path}/{bob.id}/signals", offer)
            offered = await bobs.wait_for("CALL_PEER_SIGNAL", lambda d: d["type"] == "offer")
            answer = {"round_id": round_id, "type": "answer", "sdp": await two.answer(offered["sdp"])}
            await bob.call("POST", f"{path}/{alice.id}/signals", answer)
            answered = await alices.wait_for("CALL_PEER_SIGNAL", lambda d: d["type"] == "answer")
            await one.accept(answered["sdp"])
            await asyncio.gather(one.hear(), two.hear())
        for person in (alice, bob):
            await person.call("PATCH", f"{path}/@me", {"round_id": round_id, "state": "connected"})
        await alices.wait_for("CALL_PEERS_UPDATE", lambda d: set(d["connected"]) == {alice.id, bob.id})

        await eves.send(4, {"guild_id": None, "channel_id": channel_id})
        for client in (alices, bobs):
            await client.wait_for("CALL_PEERS_UPDATE", lambda d: (d["state"], d["reason"]) == ("node", "joined"))
            await client.wait_until(lambda client=client: len(client.bodies("VOICE_SERVER_UPDATE")) == 2)
        voices = [
            await enter(alices, alices_id, alice),
            await enter(bobs, bobs_id, bob),
        ]
        await hears(voices[0], voices[1], b"at the node")
        for voice in voices:
            await voice.leave()
        await stock.wait_for("VOICE_STATE_UPDATE", lambda state: state["user_id"] == eve.id)
        for client in (stock, eves):
            assert [*client.bodies("CALL_PEERS_UPDATE"), *client.bodies("CALL_PEER_SIGNAL")] == []


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
            await wait_written(server.data, lambda written: written.get(session_id) == alices.seq)
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
