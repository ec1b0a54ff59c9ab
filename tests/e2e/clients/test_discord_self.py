"""A person's client: an unmodified discord.py-self from PyPI."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.clients.bot_process import BotProcess, running_bot_process
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

FOLDER = Path(__file__).parents[1] / "discord_self"

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not (FOLDER / "site").is_dir(), reason="discord.py-self is missing: `make discord-self`"),
]


@asynccontextmanager
async def client_of(server: Server, person: Person) -> AsyncIterator[BotProcess]:
    """Run a client of this person from the moment when it is ready."""
    command = (sys.executable, "client.py", server.api, server.gateway, person.token)
    async with running_bot_process(*command, folder=FOLDER) as client:
        yield client


async def test_ready_shows_whole_guilds_and_messages_go_both_ways(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild("Gardeners")
    channel_id = text_channel(guild)
    async with client_of(server, alice) as client:
        ready = await client.wait_for("ready")
        (shown,) = ready["guilds"]
        assert (shown["id"], shown["name"], shown["owner"]) == (guild["id"], "Gardeners", alice.id)
        assert (shown["me"], shown["muted"], shown["roles"]) == (alice.id, False, 1)
        assert channel_id in shown["channels"]
        assert ready["sessions"] == [ready["session"]]
        await alice.invite(channel_id, bob)
        await bob.send(channel_id, "hello")
        assert (await client.wait_for("message", lambda event: event["content"] == "hello"))["author"] == bob.id
        sent = await client.order("send", channel=channel_id, content="from a person's client")
        assert (await alice.history(channel_id))[-1]["id"] == sent["id"]
        assert "hello" in (await client.order("history", channel=channel_id))["contents"]
        joined = await alice.make_guild("Beekeepers")
        assert (await client.wait_for("guild"))["id"] == joined["id"]


async def test_settings_are_kept_and_told_to_the_other_device(server: Server, alice: Person) -> None:
    async with client_of(server, alice) as phone, client_of(server, alice) as desk:
        assert (await phone.wait_for("ready"))["version"] == 0
        made = await phone.order("set", status="idle", developer_mode=True)
        assert made["version"] == 1
        told = await desk.wait_for("settings", lambda event: event["version"] == 1)
        assert (told["status"], told["developer_mode"]) == ("idle", True)
        kept = await desk.order("settings")
        assert (kept["status"], kept["developer_mode"], kept["version"]) == ("idle", True, 1)
        assert (await alice.call("GET", "/users/@me/settings"))["status"] == "idle"
        await alice.call("PATCH", "/users/@me/settings", {"status": "dnd"})
        told = await phone.wait_for("settings", lambda event: event["version"] == 2)
        assert (told["status"], told["developer_mode"]) == ("dnd", True)
    async with client_of(server, alice) as again:
        assert (await again.wait_for("ready"))["status"] == "dnd"


async def test_notes_mutes_and_profiles(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    await alice.invite(text_channel(guild), bob)
    await bob.call("PATCH", "/users/@me/profile", {"bio": "I garden"})
    async with client_of(server, alice) as client:
        written = await client.order("note", user=bob.id, note="knows bees")
        assert (written["note"], written["all"]) == ("knows bees", ["knows bees"])
        assert (await client.order("mute", guild=guild["id"]))["muted"] is True
        profile = await client.order("profile", guild=guild["id"], user=bob.id)
        assert (profile["id"], profile["guild"], profile["bio"]) == (bob.id, guild["id"], "I garden")
    async with client_of(server, alice) as again:
        (shown,) = (await again.wait_for("ready"))["guilds"]
        assert shown["muted"] is True


async def test_what_is_read_is_read_on_all_devices(server: Server, alice: Person, bob: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    await alice.invite(channel_id, bob)
    joined = (await alice.history(channel_id))[-1]["id"]  # the message of the join is the joiner's own
    first, second = [(await alice.send(channel_id, f"<@{bob.id}>"))["id"] for _ in range(2)]
    async with client_of(server, bob) as phone, client_of(server, bob) as desk:
        place = await phone.order("place", channel=channel_id)
        assert (place["last"], place["count"]) == (joined, 2)
        await phone.order("ack", channel=channel_id, message=second)
        assert (await desk.wait_for("ack", lambda event: event["message"] == second))["count"] == 0
        await desk.order("unack", channel=channel_id, message=first, count=2)
        before = str(int(first) - 1)
        told = await phone.wait_for("ack", lambda event: event["message"] == before)
        assert (told["manual"], told["count"]) == (True, 2)
        assert (await phone.order("mentions"))["ids"] == [second, first]
        await phone.order("dismiss", message=first)
        await desk.wait_for("dismissed", lambda event: event["message"] == first)
        assert (await desk.order("mentions"))["ids"] == [second]
    async with client_of(server, bob) as again:
        place = await again.order("place", channel=channel_id)
        assert (place["last"], place["count"]) == (before, 2)


async def test_receipts_disturb_no_client_that_does_not_know_them(server: Server, alice: Person, bob: Person) -> None:
    await alice.befriend(bob)
    channel_id = (await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id}))["id"]
    async with client_of(server, alice) as client:
        await client.wait_for("ready")
        for person in (alice, bob):
            await person.call("PATCH", "/users/@me/read-receipts", {"enabled": True})
        sent = await client.order("send", channel=channel_id, content="read this")
        await bob.call("POST", f"/channels/{channel_id}/messages/{sent['id']}/ack", {})
        found = await alice.call("GET", f"/channels/{channel_id}/read-receipts")
        assert found == [{"channel_id": channel_id, "user_id": bob.id, "last_read_id": sent["id"]}]
        await bob.send(channel_id, "I have")
        await client.wait_for("message", lambda event: event["content"] == "I have")
        assert "error" not in {event["event"] for event in client.events}


async def test_friends_presences_and_blocks(server: Server, alice: Person, bob: Person) -> None:
    async with client_of(server, alice) as hers, client_of(server, bob) as his:
        await hers.order("befriend", name=bob.name)
        assert (await his.wait_for("relationship"))["type"] == 3
        await his.order("accept", user=alice.id)
        assert (await hers.wait_for("relationship", lambda event: event["type"] == 1))["user"] == bob.id
        seen = await hers.wait_for("presence", lambda event: event["user"] == bob.id)
        assert (seen["status"], seen["of"]) == ("online", "Relationship")
        await hers.order("nickname", user=bob.id, nick="Bobby")
        async with await Person.register(server.api) as carol:
            await carol.befriend(alice, bob)
            assert (await hers.order("mutual", user=bob.id))["users"] == [carol.id]
    async with client_of(server, bob) as his, client_of(server, alice) as hers:
        shown = await hers.order("relationships")
        assert shown["kept"][bob.id] == [1, "Bobby", "online"]
        assert shown["fetched"][bob.id] == 1
        await his.order("block", user=alice.id)
        await hers.wait_for("unrelated", lambda event: event["user"] == bob.id)
        assert (await his.order("relationships"))["fetched"][alice.id] == 2
        await his.order("unblock", user=alice.id)
        await his.wait_for("unrelated", lambda event: event["user"] == alice.id)


async def test_groups(server: Server, alice: Person, bob: Person) -> None:
    async with await Person.register(server.api) as carol:
        await alice.befriend(bob, carol)
        async with client_of(server, alice) as hers, client_of(server, bob) as his:
            made = await hers.order("group", users=[bob.id])
            assert made["owner"] == alice.id
            await hers.order("add", channel=made["id"], users=[carol.id])
            assert (await his.wait_for("joined"))["user"] == carol.id
            assert (await hers.order("rename", channel=made["id"], name="Three"))["name"] == "Three"
            await hers.order("send", channel=made["id"], content="hello")
            assert (await his.wait_for("message", lambda event: event["content"] == "hello"))["channel"] == made["id"]
            await hers.order("leave", channel=made["id"])
            await his.wait_for("left", lambda event: event["user"] == alice.id)
            left = (await his.order("recipients", channel=made["id"]))["users"]
            assert carol.id in left
            assert alice.id not in left
        async with client_of(server, carol) as again:
            assert bob.id in (await again.order("recipients", channel=made["id"]))["users"]


async def test_friends_call_ring_and_hang_up(server: Server, alice: Person, bob: Person) -> None:
    await alice.befriend(bob)
    channel_id = (await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id}))["id"]
    await alice.send(channel_id, "may I call?")
    async with client_of(server, alice) as alices, client_of(server, bob) as bobs:
        await alices.wait_for("ready")
        await bobs.wait_for("ready")
        await alices.order("call", channel=channel_id)
        for client in (alices, bobs):
            assert (await client.wait_for("call"))["channel"] == channel_id
        await alices.order("ring", channel=channel_id)
        rings = await bobs.wait_for("rings", lambda event: event["ringing"])
        assert (rings["ringing"], rings["there"]) == ([bob.id], [alice.id])
        await alices.order("refuse", channel=channel_id)
        await bobs.wait_for("rings", lambda event: not event["ringing"])
        await bobs.order("call", channel=channel_id)
        await alices.wait_for("voice", lambda event: event["user"] == bob.id and event["channel"] == channel_id)
        assert (await bobs.order("call message", channel=channel_id))["ended"] is False
        for client in (alices, bobs):
            await client.order("hang up", channel=channel_id)
        for client in (alices, bobs):
            await client.wait_for("call over")
        await bobs.wait_for("call ended")
        ended = await bobs.order("call message", channel=channel_id)
        assert ended == {**ended, "type": 3, "people": sorted([alice.id, bob.id]), "ended": True}
