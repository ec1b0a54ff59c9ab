"""What one API process has answered is there for the next request to the other, many times and at once."""

import asyncio
import contextlib
import os
from typing import Final

import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.person import text_channel

WRITES: Final = int(os.environ.get("OWN_WRITES", "300"))
AT_ONCE: Final = 8

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120 + WRITES // 2)]


async def test_messages_are_in_pages_and_in_the_channel_at_the_other_process(
    shared_cluster: Cluster, owner: Pair
) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    path = f"/channels/{channel_id}"

    async def write_and_read(pair: Pair, number: int) -> None:
        made = await pair.first.send(channel_id, f"message {number}")
        page = await pair.second.call("GET", f"{path}/messages?limit=50")
        assert made["id"] in {message["id"] for message in page}
        assert int((await pair.second.call("GET", path))["last_message_id"]) >= int(made["id"])
        edited = await pair.second.call("PATCH", f"{path}/messages/{made['id']}", {"content": f"edited {number}"})
        assert await pair.first.call("GET", f"{path}/messages/{made['id']}") == edited
        page = await pair.first.call("GET", f"{path}/messages?around={made['id']}&limit=3")
        assert edited in page
        if number % 3 == 0:
            await pair.first.call("DELETE", f"{path}/messages/{made['id']}")
            assert await pair.status("GET", f"{path}/messages/{made['id']}") == 404
            page = await pair.second.call("GET", f"{path}/messages?limit=50")
            assert made["id"] not in {message["id"] for message in page}

    async def write_many(worker: int) -> None:
        for number in range(worker, WRITES, AT_ONCE):
            await write_and_read(owner if number % 2 else owner.swapped(), number)

    await asyncio.gather(*(write_many(worker) for worker in range(AT_ONCE)))
    history = await owner.first.history(channel_id)
    assert sorted(message["content"] for message in history) == sorted(
        f"edited {number}" for number in range(WRITES) if number % 3
    )
    assert await owner.second.history(channel_id) == history


async def test_rows_are_at_the_other_process_when_they_are_answered(shared_cluster: Cluster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        owners = [await stack.enter_async_context(await Pair.register(shared_cluster)) for _ in range(AT_ONCE)]

        async def change_and_read(pair: Pair, guild_id: str, number: int) -> None:
            path = f"/guilds/{guild_id}"
            role = await pair.first.call("POST", f"{path}/roles", {"name": f"role {number}"})
            assert role in await pair.second.call("GET", f"{path}/roles")
            await pair.second.call("PUT", f"{path}/members/{pair.id}/roles/{role['id']}")
            member = await pair.first.call("GET", f"{path}/members/{pair.id}")
            assert role["id"] in member["roles"]
            await pair.first.call("PATCH", f"{path}/members/@me", {"nick": f"nick {number}"})
            assert (await pair.second.call("GET", f"{path}/members/{pair.id}"))["nick"] == f"nick {number}"
            await pair.second.call("PATCH", path, {"name": f"guild {number}"})
            assert (await pair.first.call("GET", path))["name"] == f"guild {number}"
            await pair.first.call("DELETE", f"{path}/roles/{role['id']}")
            assert role["id"] not in (await pair.second.call("GET", f"{path}/members/{pair.id}"))["roles"]

        async def change_many(pair: Pair) -> None:
            guild = await pair.first.make_guild()
            for number in range(WRITES // AT_ONCE // 5 + 1):
                await change_and_read(pair if number % 2 else pair.swapped(), guild["id"], number)

        await asyncio.gather(*map(change_many, owners))


async def test_members_are_counted_at_the_other_process_when_they_have_joined(
    shared_cluster: Cluster, owner: Pair
) -> None:
    guild = await owner.first.make_guild()
    invite = await owner.first.call("POST", f"/channels/{text_channel(guild)}/invites", {"max_age": 0})
    async with contextlib.AsyncExitStack() as stack:
        for number in range(2, 10):
            joiner = await stack.enter_async_context(await Pair.register(shared_cluster))
            pair, watcher = (joiner, owner) if number % 2 else (joiner.swapped(), owner.swapped())
            await pair.first.call("POST", f"/invites/{invite['code']}")
            counted = await watcher.second.call("GET", f"/guilds/{guild['id']}?with_counts=true")
            assert counted["approximate_member_count"] == number
            assert await watcher.status("GET", f"/guilds/{guild['id']}/members/{joiner.id}") == 200
            assert guild["id"] in {each["id"] for each in await pair.second.call("GET", "/users/@me/guilds")}
