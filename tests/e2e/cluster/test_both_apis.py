"""Messages that two API processes, and the worker for its sockets, write and change together."""

import asyncio
from typing import Any

import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import text_channel

pytestmark = pytest.mark.asyncio(loop_scope="session")

RACES = 20


async def invite(owner: Pair, member: Pair, **fields: Any) -> dict[str, Any]:
    """Make a guild of the owner's with the member in it."""
    guild = await owner.first.make_guild()
    made = await owner.first.call("POST", f"/channels/{text_channel(guild)}/invites", fields)
    await member.second.call("POST", f"/invites/{made['code']}")
    return guild


async def test_direct_messages_of_both_processes_reach_both_people_in_order(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    await invite(owner, member)
    async with open_gateway(shared_cluster.gateway) as mine, open_gateway(shared_cluster.gateway) as theirs:
        await mine.identify(owner.token)
        await theirs.identify(member.token)
        channel = await owner.first.call("POST", "/users/@me/channels", {"recipient_id": member.id})
        again = await member.second.call("POST", "/users/@me/channels", {"recipient_id": owner.id})
        assert again["id"] == channel["id"]
        path = f"/channels/{channel['id']}/messages"
        people = (owner.first, owner.second, member.first, member.second)
        made = await asyncio.gather(*(people[n % 4].send(channel["id"], f"direct {n}") for n in range(40)))
        await owner.second.call("PATCH", f"{path}/{made[0]['id']}", {"content": "edited"})
        await member.second.call("DELETE", f"{path}/{made[2]['id']}")
        expected = sorted((message["id"] for message in made), key=int)
        for session in (mine, theirs):
            await session.wait_for("MESSAGE_DELETE", lambda body: body["id"] == made[2]["id"])
            await session.wait_for("MESSAGE_UPDATE", lambda body: body["content"] == "edited")
            assert [body["id"] for body in session.bodies("MESSAGE_CREATE")] == expected
        history = await member.first.history(channel["id"])
        assert [message["id"] for message in history] == [each for each in expected if each != made[2]["id"]]


async def test_edits_that_race_leave_what_the_last_event_shows(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(owner.token)
        for number in range(RACES):
            made = await owner.first.send(channel_id, "first")
            path = f"/channels/{channel_id}/messages/{made['id']}"
            bodies = [{"content": f"edit {number} {which}"} for which in range(4)]
            people = (owner.first, owner.second) * 2
            edits = (person.call("PATCH", path, body) for person, body in zip(people, bodies, strict=True))
            await asyncio.gather(*edits)
            stored = await owner.second.call("GET", path)
            assert await owner.first.call("GET", path) == stored

            def updates(message_id: str = made["id"]) -> list[str]:
                return [body["content"] for body in session.bodies("MESSAGE_UPDATE") if body["id"] == message_id]

            await session.wait_until(lambda updates=updates: len(updates()) == 4)
            assert updates()[-1] == stored["content"]


async def test_edit_and_deletion_that_race_end_in_the_deletion(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(owner.token)
        for _ in range(RACES):
            made = await owner.first.send(channel_id, "short-lived")
            path = f"/channels/{channel_id}/messages/{made['id']}"
            edit, deletion = await asyncio.gather(
                owner.first.request("PATCH", path, {"content": "edited"}), owner.second.request("DELETE", path)
            )
            assert deletion.status_code == 204
            assert edit.status_code in (200, 404)
            await session.wait_for("MESSAGE_DELETE", lambda body, made=made: body["id"] == made["id"])
            assert await owner.status("GET", path) == 404
            names = [
                payload["t"]
                for payload in session.dispatches
                if payload["t"].startswith("MESSAGE_") and payload["d"]["id"] == made["id"]
            ]
            assert names[-1] == "MESSAGE_DELETE"
        assert await owner.second.history(channel_id) == []


async def test_bulk_deletion_removes_what_both_processes_have_stored(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    channel_id = text_channel(await invite(owner, member))
    people = (owner.first, member.second)
    made = await asyncio.gather(*(people[n % 2].send(channel_id, f"{n}") for n in range(30)))
    kept = sorted((message["id"] for message in made[20:]), key=int)
    doomed = {message["id"] for message in made[:20]}
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(member.token)
        await owner.second.call("POST", f"/channels/{channel_id}/messages/bulk-delete", {"messages": [*doomed]})
        told = await session.wait_for("MESSAGE_DELETE_BULK")
    assert set(told["ids"]) == doomed
    for person in (owner.first, owner.second):
        assert [message["id"] for message in await person.history(channel_id) if message["type"] == 0] == kept


async def test_ban_with_deletion_removes_the_authors_messages_of_all_channels(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    guild = await invite(owner, member)
    other = await owner.first.call("POST", f"/guilds/{guild['id']}/channels", {"name": "other", "type": 0})
    channels = (text_channel(guild), other["id"])
    for channel_id in channels:
        await owner.first.send(channel_id, "stays")
        await asyncio.gather(*((member.first, member.second)[n % 2].send(channel_id, f"goes {n}") for n in range(8)))
    path = f"/guilds/{guild['id']}/bans/{member.id}"
    await owner.second.call("PUT", path, {"delete_message_seconds": 3600})
    assert await member.status("GET", f"/channels/{other['id']}/messages") in (403, 404)
    for person in (owner.first, owner.second):
        for channel_id in channels:
            contents = [message["content"] for message in await person.history(channel_id) if message["type"] == 0]
            assert contents == ["stays"]


async def test_nonce_of_socket_and_both_processes_makes_one_message(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    channel_id = text_channel(await owner.first.make_guild())
    async with open_gateway(shared_cluster.gateway) as session:
        await session.identify(owner.token)
        for number in range(RACES):
            nonce = f"once {number}"
            body = {"content": nonce, "nonce": nonce}
            first, second, _ = await asyncio.gather(
                owner.first.send(channel_id, **body),
                owner.second.send(channel_id, **body),
                session.send_message(channel_id, nonce, nonce),
            )
            assert first["id"] == second["id"]
            told = await session.wait_for("MESSAGE_CREATE", lambda message, nonce=nonce: message["content"] == nonce)
            assert told["id"] == first["id"]
        await owner.first.send(channel_id, "the end")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "the end")
        # Who sends a repeat over the socket is told of the first message again.
        assert len({message["id"] for message in session.bodies("MESSAGE_CREATE")}) == RACES + 1
    assert len(await owner.second.history(channel_id)) == RACES + 1
