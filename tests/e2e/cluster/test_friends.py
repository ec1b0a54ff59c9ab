"""Friends, blocks and groups at two API processes: what one has answered is in force at the other."""

import asyncio

import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.gateway.gateway_client import open_gateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINE = "/users/@me/relationships"
BLOCKED = {"type": 2}
ROUNDS = 15


async def befriend(one: Pair, other: Pair) -> None:
    await one.first.call("PUT", f"{MINE}/{other.id}", {})
    await other.second.call("PUT", f"{MINE}/{one.id}", {})


async def types(pair: Pair) -> list[int]:
    at_first, at_second = [
        [each["type"] for each in await person.call("GET", MINE)] for person in (pair.first, pair.second)
    ]
    assert at_first == at_second
    return at_first


async def test_requests_of_both_at_once_at_two_processes_make_friends(owner: Pair, member: Pair) -> None:
    for _ in range(ROUNDS):
        await asyncio.gather(
            owner.first.call("PUT", f"{MINE}/{member.id}", {}), member.second.call("PUT", f"{MINE}/{owner.id}", {})
        )
        assert (await types(owner), await types(member)) == ([1], [1])
        await owner.second.call("DELETE", f"{MINE}/{member.id}")
        assert (await types(owner), await types(member)) == ([], [])


async def test_block_and_request_at_once_leave_sides_that_fit(owner: Pair, member: Pair) -> None:
    for _ in range(ROUNDS):
        await asyncio.gather(
            owner.first.call("PUT", f"{MINE}/{member.id}", BLOCKED),
            member.second.request("PUT", f"{MINE}/{owner.id}", {}),
        )
        assert (await types(owner), await types(member)) == ([2], [])
        await owner.second.call("DELETE", f"{MINE}/{member.id}")


async def test_block_that_was_answered_is_in_force_at_the_other_process(owner: Pair, member: Pair) -> None:
    await befriend(owner, member)
    channel = await owner.first.call("POST", "/users/@me/channels", {"recipient_id": member.id})
    for number in range(ROUNDS):
        await member.second.send(channel["id"], f"hello {number}")
        await owner.first.call("PUT", f"{MINE}/{member.id}", BLOCKED)
        refused = await member.second.request("POST", f"/channels/{channel['id']}/messages", {"content": "psst"})
        assert (refused.status_code, refused.json()["code"]) == (403, 50007)
        await owner.second.call("DELETE", f"{MINE}/{member.id}")
        await befriend(owner, member)


async def test_direct_channel_opened_at_two_processes_at_once_is_one(owner: Pair, member: Pair) -> None:
    people = ((owner.first, member.id), (owner.second, member.id), (member.first, owner.id), (member.second, owner.id))
    opened = await asyncio.gather(
        *(person.call("POST", "/users/@me/channels", {"recipients": [other]}) for person, other in people * 3)
    )
    assert len({channel["id"] for channel in opened}) == 1


async def test_closed_channel_is_opened_by_a_message_of_the_other_process(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    await befriend(owner, member)
    channel = await owner.first.call("POST", "/users/@me/channels", {"recipient_id": member.id})
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(member.token)
        for number in range(ROUNDS):
            await owner.second.send(channel["id"], f"text {number}")
            assert [each["id"] for each in await member.first.call("GET", "/users/@me/channels")] == [channel["id"]]
            await member.second.call("DELETE", f"/channels/{channel['id']}")
            assert await member.first.call("GET", "/users/@me/channels") == []
        await session.wait_until(lambda: len(session.bodies("CHANNEL_DELETE")) == ROUNDS)
        kinds = ("CHANNEL_CREATE", "MESSAGE_CREATE", "CHANNEL_DELETE")
        assert [name for name in session.names() if name in kinds] == list(kinds) * ROUNDS
