"""Unmodified discordgo (Go) and JDA (Java) bots."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.e2e.clients.bot_process import BotProcess
from tests.e2e.clients.tour import TourGuild, ask, build, chat, moderate, refuse
from tests.e2e.clients.typed_bots import LIBRARIES, Library
from tests.e2e.conftest import ON_CLUSTERS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.written_sessions import wait_written

libraries = pytest.mark.parametrize(
    "library",
    [
        pytest.param(
            library,
            id=library.name,
            marks=[
                pytest.mark.skipif(
                    not library.is_built, reason=f"{library.name}'s bot is not built here (make go java)"
                )
            ],
        )
        for library in LIBRARIES
    ],
)
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.typed]


@libraries
async def test_bot_logs_in_and_knows_its_guild(server: Server, alice: Person, bob: Person, library: Library) -> None:
    scene = await TourGuild.make(alice, bob)
    async with library.running(server, scene.bot["token"]) as bot:
        ready = await bot.wait_for("ready")
        assert (ready["user"], ready["guilds"]) == (scene.bot["id"], [scene.guild["id"]])
        guild = await bot.wait_for("guild")
        assert (guild["name"], guild["members"], guild["channels"]) == ("Test guild", 3, 4)
        cached = await bot.order("cached", **scene.place)
        assert (cached["owner"], cached["members"], cached["channels"]) == (alice.id, 3, 4)
        assert cached["is_admin"]


Part = Callable[[BotProcess, TourGuild], Awaitable[None]]


@libraries
@pytest.mark.parametrize("part", [chat, build, ask, moderate, refuse], ids=lambda part: part.__name__)
async def test_bot_does_its_part(server: Server, alice: Person, bob: Person, library: Library, part: Part) -> None:
    scene = await TourGuild.make(alice, bob)
    async with library.running(server, scene.bot["token"]) as bot:
        await bot.wait_for("guild")
        await part(bot, scene)


@libraries
async def test_what_the_bot_built_is_what_people_see(
    server: Server, alice: Person, bob: Person, library: Library
) -> None:
    scene = await TourGuild.make(alice, bob)
    guild_id, first_id = scene.guild["id"], scene.place["channel"]
    async with library.running(server, scene.bot["token"]) as bot:
        await bot.wait_for("guild")
        made = await bot.order("make_channel", guild=guild_id, name="made-here")
        await bot.wait_for("channel")
        await bot.order("order_channels", guild=guild_id, ids=[made["id"], first_id])
        await bot.order("edit_channel", channel=made["id"], content="about", number=7)
        role = await bot.order("make_role", guild=guild_id, name="crew", allow=1 << 11)
        await bot.wait_for("role")
        await bot.order("overwrite", channel=made["id"], role=role["id"], allow=1 << 11, deny=1 << 10)
        channels = {each["id"]: each for each in await alice.call("GET", f"/guilds/{guild_id}/channels")}
        assert channels[made["id"]]["position"] < channels[first_id]["position"]
        assert (channels[made["id"]]["topic"], channels[made["id"]]["rate_limit_per_user"]) == ("about", 7)
        overwrites = channels[made["id"]]["permission_overwrites"]
        assert overwrites == [{"id": role["id"], "type": 0, "allow": "2048", "deny": "1024"}]
        await bot.order("ban", guild=guild_id, user=bob.id, reason="no more", number=1)
        assert (await alice.call("GET", f"/guilds/{guild_id}/bans/{bob.id}"))["reason"] == "no more"


@libraries
async def test_bot_bans_and_what_was_said_goes_too(
    server: Server, alice: Person, bob: Person, library: Library
) -> None:
    scene = await TourGuild.make(alice, bob)
    channel_id = scene.place["channel"]
    said = await bob.send(channel_id, "something")
    async with library.running(server, scene.bot["token"]) as bot:
        await bot.wait_for("guild")
        await bot.order("ban", guild=scene.guild["id"], user=bob.id, reason="no more", number=1)
        assert said["id"] not in [message["id"] for message in await alice.history(channel_id)]


@libraries
async def test_bot_sees_what_people_do(server: Server, alice: Person, bob: Person, library: Library) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    made = await alice.make_bot(guild["id"])
    async with library.running(server, made["token"]) as bot, open_gateway(server.gateway) as people:
        await bot.wait_for("guild")
        await alice.invite(channel_id, bob)
        await bot.wait_for("join", lambda event: event["id"] == bob.id)
        await bob.send(channel_id, f"hello <@{alice.id}>")
        seen = await bot.wait_for("message", lambda event: "hello" in event["content"])
        assert (seen["author"], seen["mentioned"]) == (bob.id, [alice.id])
        await bob.call("POST", f"/channels/{channel_id}/typing")
        await bot.wait_for("typing", lambda event: event["user"] == bob.id)
        await people.identify(bob.token)
        await bot.wait_for("presence", lambda event: (event["id"], event["status"]) == (bob.id, "online"))
        activity = {"name": "chess", "type": 0}
        await people.send(3, {"since": None, "activities": [activity], "status": "dnd", "afk": False})
        await bot.wait_for("presence", lambda event: event["status"] == "dnd")
        await bot.wait_for("presence", lambda event: event.get("activity") == "chess")
        await bob.call("DELETE", f"/users/@me/guilds/{guild['id']}")
        await bot.wait_for("leave", lambda event: event["id"] == bob.id)
        await alice.call("DELETE", f"/guilds/{guild['id']}")
        await bot.wait_for("guild_gone", lambda event: event["id"] == guild["id"])


@libraries
async def test_bot_resumes_after_its_socket_is_cut(server: Server, alice: Person, library: Library) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    made = await alice.make_bot(guild["id"])
    async with library.running(server, made["token"]) as bot:
        await bot.wait_for("guild")
        await alice.send(channel_id, "before")
        await bot.wait_for("message", lambda event: event["content"] == "before")
        await bot.order("cut")
        await alice.send(channel_id, "while away")
        await bot.wait_for("resumed")
        await alice.send(channel_id, "after")
        await bot.wait_for("message", lambda event: event["content"] == "after")
        assert bot.contents() == ["before", "while away", "after"]
        assert "identified_anew" not in [event["event"] for event in bot.events]


@libraries
async def test_two_client_shards_see_their_guilds_only(server: Server, alice: Person, library: Library) -> None:
    guilds = [await alice.make_guild(f"guild {number}") for number in range(4)]
    while len({(int(guild["id"]) >> 22) % 2 for guild in guilds}) < 2:
        guilds.append(await alice.make_guild("one more"))
    made = await alice.make_bot()
    for guild in guilds:
        await alice.add_bot(made["id"], guild["id"])
    for shard in (0, 1):
        own = [guild["id"] for guild in guilds if (int(guild["id"]) >> 22) % 2 == shard]
        async with library.running(server, made["token"], shard=shard, shards=2) as bot:
            ready = await bot.wait_for("ready")
            assert ready["shard"] == [shard, 2]
            assert set(ready["guilds"]) == set(own)
            for guild_id in own:
                await bot.wait_for("guild", lambda event, guild_id=guild_id: event["id"] == guild_id)
            for guild in guilds:
                await alice.send(text_channel(guild), f"to {guild['id']}")
            await bot.wait_for("message", lambda event, last=own[-1]: event["guild"] == last)
            assert {event["guild"] for event in bot.events if event["event"] == "message"} == set(own)


@libraries
async def test_bot_waits_out_the_default_limits(tmp_path: Path, library: Library) -> None:
    server = await Server(tmp_path).start()
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        made = await alice.make_bot(guild["id"])
        async with library.running(server, made["token"]) as bot:
            await bot.wait_for("guild")
            # The library has seen no answer yet that tells its limits, so its first message meets the limit.
            headers = {"Authorization": f"Bot {made['token']}"}
            path, body = f"/channels/{channel_id}/messages", {"content": "busy"}
            answers = [await alice.request("POST", path, body, headers=headers) for _ in range(11)]
            assert answers[-1].status_code == 429
            for number in range(3):
                await bot.order("send", channel=channel_id, content=f"number {number}")
            await bot.wait_for("message", lambda event: event["content"] == "number 2")
            assert bot.contents()[-3:] == ["number 0", "number 1", "number 2"]
    assert await server.stop() == 0


@libraries
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_bot_resumes_when_the_server_is_back(tmp_path: Path, library: Library, end: str) -> None:
    server = await Server(tmp_path, {"GUILDWAY_GATEWAY_IDENTIFY_WINDOW_S": "0"}).start()
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        made = await alice.make_bot(guild["id"])
        async with library.running(server, made["token"]) as bot:
            await bot.wait_for("guild")
            if end == "kill" and ON_CLUSTERS:
                await asyncio.sleep(1.5)  # until the session is in a cut, which Redis has there
            elif end == "kill":
                await wait_written(server.data, lambda written: len(written) > 0)
            await getattr(server, end)()
            await bot.wait_for("disconnected")
            await server.start()
            await bot.wait_for("resumed")
            await alice.send(channel_id, "here again")
            await bot.wait_for("message", lambda event: event["content"] == "here again")
            assert "identified_anew" not in [event["event"] for event in bot.events]
    assert await server.stop() == 0
