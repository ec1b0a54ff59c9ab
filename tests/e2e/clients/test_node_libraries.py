"""Unmodified discord.js and oceanic.js bots from npm."""

from pathlib import Path

import pytest

from deploy.services.definition import find_free_port
from tests.e2e.clients.node_bot import FOLDER, NODE, running_node_bot
from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.node,
    pytest.mark.skipif(
        NODE is None or not (FOLDER / "node_modules").is_dir(),
        reason="Node or the packages of tests/e2e/node are missing",
    ),
]
BOTS = [("discordjs.mjs",), ("oceanic.mjs", "none"), ("oceanic.mjs", "zlib-stream")]


@pytest.mark.parametrize("bot", BOTS, ids="-".join)
async def test_chat_history_members_and_resume(
    server: Server, alice: Person, bob: Person, bot: tuple[str, ...]
) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    made = await alice.make_bot(guild["id"])
    script, *options = bot
    async with running_node_bot(script, server.api, made["token"], *options) as client:
        ready = await client.wait_for("ready")
        assert ready["user"] == made["id"]
        assert ready["guilds"] == [guild["id"]]
        await alice.send(channel_id, "hello")
        assert (await client.wait_for("message"))["author"] == alice.id
        sent = await client.order("send", channel=channel_id, content="from Node")
        await client.order("edit", channel=channel_id, message=sent["id"], content="edited")
        await client.wait_for("edit", lambda event: event["content"] == "edited")
        page = await client.order("history", channel=channel_id, limit=2)
        assert page["contents"] == ["edited", "hello"]
        await alice.invite(channel_id, bob)
        await client.wait_for("join", lambda event: event["id"] == bob.id)
        members = await client.order("members", guild=guild["id"])
        assert set(members["ids"]) == {alice.id, bob.id, made["id"]}
        await client.order("remove", channel=channel_id, message=sent["id"])
        await client.wait_for("delete", lambda event: event["id"] == sent["id"])
        await client.order("cut")
        await bob.send(channel_id, "while away")
        await client.wait_for("resumed")
        await bob.send(channel_id, "back again")
        await client.wait_for("message", lambda event: event["content"] == "back again")
        assert [text for text in client.contents() if text != ""] == ["hello", "from Node", "while away", "back again"]


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on, for a setting."""
    return find_free_port()


@pytest.mark.parametrize("path", ["/gateway", "/chat/"])
async def test_gateway_at_a_path_is_found_and_resumed(tmp_path: Path, free_port: int, path: str) -> None:
    server = Server(tmp_path, {**GENEROUS, "GUILDWAY_GATEWAY_PUBLIC_URL": f"ws://127.0.0.1:{free_port}{path}"})
    server.gateway = f"ws://127.0.0.1:{free_port}"
    await server.start()
    try:
        async with await Person.register(server.api) as owner:
            guild = await owner.make_guild()
            made = await owner.make_bot(guild["id"])
            for script, *options in BOTS:
                async with running_node_bot(script, server.api, made["token"], *options) as client:
                    assert (await client.wait_for("ready"))["guilds"] == [guild["id"]]
                    await client.order("cut")
                    await client.wait_for("resumed")
    finally:
        assert await server.stop() == 0


async def test_discordjs_manages_channels_and_roles(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    made = await alice.make_bot(guild["id"])
    async with running_node_bot("discordjs.mjs", server.api, made["token"]) as client:
        await client.order("make_channel", guild=guild["id"], name="from-js")
        await client.wait_for("channel", lambda event: event["name"] == "from-js")
        role = await client.order("make_role", guild=guild["id"], name="crew")
        given = await client.order("give_role", guild=guild["id"], member=alice.id, role=role["id"])
        assert given["has"]
        await alice.call("POST", f"/channels/{text_channel(guild)}/typing")
        assert (await client.wait_for("typing"))["user"] == alice.id
