"""What API processes and the worker share besides rows: limits, presence, typing, pictures, counts, temporary members."""

import asyncio
import base64
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def become(look: Callable[[], Awaitable[Any]], expected: object) -> None:
    """Look until the answer is what is expected: such answers may be as old as the worker's last batch."""
    async with asyncio.timeout(60):
        while await look() != expected:
            pass


async def join(owner: Pair, member: Pair, guild: dict[str, Any], **fields: Any) -> None:
    invite = await owner.first.call("POST", f"/channels/{text_channel(guild)}/invites", fields)
    await member.second.call("POST", f"/invites/{invite['code']}")


async def test_slow_mode_counts_what_the_other_process_has_sent(owner: Pair, member: Pair) -> None:
    guild = await owner.first.make_guild()
    channel_id = text_channel(guild)
    await join(owner, member, guild)
    await owner.first.call("PATCH", f"/channels/{channel_id}", {"rate_limit_per_user": 600})
    await member.second.send(channel_id, "first")
    refused = await member.first.request("POST", f"/channels/{channel_id}/messages", {"content": "second"})
    assert refused.status_code == 429
    assert refused.json()["code"] == 20016
    await owner.first.send(channel_id, "the owner may")
    await owner.second.send(channel_id, "at once")


async def test_request_limit_is_one_for_both_processes(owner: Pair) -> None:
    remaining = []
    for number in range(6):
        person = (owner.first, owner.second)[number % 2]
        answer = await person.request("GET", "/users/@me")
        remaining.append((int(answer.headers["X-RateLimit-Remaining"]), answer.headers["X-RateLimit-Reset"]))
    in_one_window = [left for left, reset in remaining if reset == remaining[-1][1]]
    assert in_one_window == sorted(set(in_one_window), reverse=True)


async def test_message_limit_is_one_for_both_processes(owner: Pair) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    path = f"/channels/{channel_id}/messages"
    left = []
    for number in range(10):
        answer = await (owner.first, owner.second)[number % 2].request("POST", path, {"content": "counted"})
        left.append(int(answer.headers["X-RateLimit-Remaining"]))
    # It falls by one with each, and rises where a window begins.
    assert {before - after for before, after in itertools.pairwise(left) if after <= before} == {1}


async def test_typing_at_either_process_reaches_the_channel_and_nobody_else(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    guild = await owner.first.make_guild()
    await join(owner, member, guild)
    deny = [{"id": guild["id"], "type": 0, "allow": "0", "deny": str(1 << 10)}]
    hidden = await owner.first.call(
        "POST", f"/guilds/{guild['id']}/channels", {"name": "hidden", "type": 0, "permission_overwrites": deny}
    )
    async with open_gateway(shared_cluster.gateway) as mine, open_gateway(shared_cluster.gateway) as theirs:
        await mine.identify(owner.token)
        await theirs.identify(member.token)
        await mine.wait_for_guild(lambda body: body["id"] == guild["id"])
        await theirs.wait_for_guild(lambda body: body["id"] == guild["id"])
        await owner.second.call("POST", f"/channels/{hidden['id']}/typing")
        await owner.first.call("POST", f"/channels/{text_channel(guild)}/typing")
        await member.second.call("POST", f"/channels/{text_channel(guild)}/typing")
        for session in (mine, theirs):
            for person in (owner, member):
                told = await session.wait_for(
                    "TYPING_START",
                    lambda body, person=person: (
                        (body["user_id"], body["channel_id"]) == (person.id, text_channel(guild))
                    ),
                )
                assert told["member"]["user"]["id"] == person.id
        assert {body["channel_id"] for body in theirs.bodies("TYPING_START")} == {text_channel(guild)}


async def test_typing_at_both_processes_is_told_once(shared_cluster: Cluster, owner: Pair) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(owner.token)
        await session.wait_for_guild()
        typing = f"/channels/{channel_id}/typing"
        await asyncio.gather(*(person.call("POST", typing) for person in (owner.first, owner.second) * 3))
        await session.wait_for("TYPING_START")
        await owner.first.send(channel_id, "said")
        await session.wait_for("MESSAGE_CREATE")
        assert len(session.bodies("TYPING_START")) == 1


async def test_online_count_and_session_starts_are_told_by_both_processes(shared_cluster: Cluster, owner: Pair) -> None:
    guild = await owner.first.make_guild()
    bot = await owner.second.make_bot(guild["id"])

    async def count(person: Person) -> int:
        counted = await person.call("GET", f"/guilds/{guild['id']}?with_counts=true")
        return int(counted["approximate_presence_count"])

    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(bot["token"])
        await session.wait_for_guild()
        for person in (owner.first, owner.second):
            await become(lambda person=person: count(person), 1)
            async with Person(person.api, f"Bot {bot['token']}") as caller:

                async def starts(caller: Person = caller) -> int:
                    limit = (await caller.call("GET", "/gateway/bot"))["session_start_limit"]
                    return int(limit["total"] - limit["remaining"])

                await become(starts, 1)
    for person in (owner.first, owner.second):
        await become(lambda person=person: count(person), 0)


async def test_presence_is_told_and_members_are_found_by_op_8(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    guild = await owner.first.make_guild()
    await join(owner, member, guild)
    bot = await owner.second.make_bot(guild["id"])
    async with open_gateway(shared_cluster.gateway) as watching, open_gateway(shared_cluster.gateway) as session:
        await watching.identify(bot["token"])
        await watching.wait_for_guild()
        await session.identify(member.token, presence={"status": "idle", "activities": [], "since": 0, "afk": False})
        told = await watching.wait_for("PRESENCE_UPDATE", lambda body: body["user"]["id"] == member.id)
        assert told["status"] == "idle"
        await member.second.call("PATCH", f"/guilds/{guild['id']}/members/@me", {"nick": "found by it"})
        await watching.send(8, {"guild_id": guild["id"], "query": "found", "limit": 5, "presences": True})
        chunk = await watching.wait_for("GUILD_MEMBERS_CHUNK")
        assert [each["user"]["id"] for each in chunk["members"]] == [member.id]
        assert [each["status"] for each in chunk["presences"]] == ["idle"]


async def test_temporary_member_leaves_with_its_last_session(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    guild = await owner.first.make_guild()
    await join(owner, member, guild, temporary=True)
    async with open_gateway(shared_cluster.gateway) as watching:
        await watching.identify(owner.token)
        async with open_gateway(shared_cluster.gateway) as session:
            await session.identify(member.token)
            await session.wait_for_guild()
        await watching.wait_for("GUILD_MEMBER_REMOVE", lambda body: body["user"]["id"] == member.id)
    for person in (owner.first, owner.second):
        assert (await person.request("GET", f"/guilds/{guild['id']}/members/{member.id}")).status_code == 404
    assert await member.status("GET", f"/guilds/{guild['id']}") in (403, 404)


async def test_picture_that_one_process_has_taken_is_served_by_the_other(owner: Pair) -> None:
    address = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    changed = await owner.first.call("PATCH", "/users/@me", {"avatar": address})
    assert (await owner.second.call("GET", "/users/@me"))["avatar"] == changed["avatar"]
    async with httpx.AsyncClient(timeout=60, base_url=owner.second.api) as http:
        picture = await http.get(f"/avatars/{owner.id}/{changed['avatar']}.png")
    assert picture.status_code == 200
    assert picture.content == PIXEL


async def test_all_processes_are_ready_and_show_their_numbers(shared_cluster: Cluster) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        for name, entry in shared_cluster.entries().items():
            if entry["role"] not in ("api", "worker"):
                continue
            url = entry["addresses"]["metrics"]
            for path in ("/ready", "/health"):
                assert (await http.get(url + path)).status_code == 200, (name, path)
            assert "guildway_" in (await http.get(f"{url}/metrics")).text
