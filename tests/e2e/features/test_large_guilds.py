"""A guild of thousands, made by `guildway demo --members`, as people and the member list see it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.fakes.gateway.member_list_copy import Lists, key_of
from tests.support.gateway.gateway_client import open_gateway
from tests.support.server_process import Server

MEMBERS = 3000


async def make_crowd(folder: Path) -> dict[str, object]:
    """Run the command and return its output for machines."""
    command = ("-m", "guildway", "demo", "--members", str(MEMBERS), "--logins", "3", "--data", str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    return read_made(folder)


def read_made(folder: Path) -> dict[str, object]:
    (path,) = folder.glob("crowd-*.json")
    made: dict[str, object] = json.loads(path.read_text())
    return made


@pytest.mark.asyncio(loop_scope="session")
async def test_people_in_a_large_guild_look_at_it_and_at_its_member_list(tmp_path: Path) -> None:
    made = await make_crowd(tmp_path)
    guild_id, tokens, channels = str(made["guild_id"]), made["tokens"], made["channels"]
    assert isinstance(tokens, list)
    assert isinstance(channels, dict)
    lounge = channels["lounge"]
    settings = {"GUILDWAY_GATEWAY_LARGE_GUILD_MEMBERS": "1000", "GUILDWAY_GATEWAY_PASSIVE_GAP_S": "0.2"}
    server = await Server(tmp_path, settings).start()
    async with open_gateway(server.gateway) as owner, open_gateway(server.gateway) as member:
        await owner.identify(tokens[0])
        await member.identify(tokens[1], capabilities=1 << 14)
        guild = await member.wait_for_guild()
        assert (guild["member_count"], len(guild["members"]), guild["large"]) == (MEMBERS, 1, True)

        await member.send(8, {"guild_id": guild_id, "query": "a", "limit": 10, "nonce": "n"})
        chunk = await member.wait_for("GUILD_MEMBERS_CHUNK")
        assert len(chunk["members"]) == 10

        await owner.send_message(lounge, "one", "1")
        await member.wait_for("PASSIVE_UPDATE_V2", lambda d: d["updated_channels"][0]["id"] == lounge)
        assert member.bodies("MESSAGE_CREATE") == []
        await member.send(37, {"subscriptions": {guild_id: {"typing": True, "channels": {lounge: [[0, 99]]}}}})
        update = await member.wait_for("GUILD_MEMBER_LIST_UPDATE")
        assert (update["id"], update["member_count"], update["online_count"]) == ("everyone", MEMBERS, 2)
        lists = Lists()
        lists.apply(update)
        assert "offline" not in [key_of(row) for row in lists.by_id["everyone"].rows]
        assert len(lists.by_id["everyone"].rows) == 2 + len(update["groups"])
        await owner.send_message(lounge, "two", "2")
        await member.wait_for("MESSAGE_CREATE", lambda d: d["content"] == "two")
    assert await server.stop() == 0
