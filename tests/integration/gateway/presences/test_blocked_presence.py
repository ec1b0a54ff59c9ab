"""A block hides presences from both of its ends, in the guilds that they share."""

from typing import Any

import pytest

from core.domain.people.relationship import RelationshipType
from core.wire.capabilities import Capability
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import END, Login, StoreWriter
from tests.support.stores.stored_friends import relate

BLOCKED = RelationshipType.BLOCKED
DEDUPED = int(Capability.DEDUPED_USERS)
PRIORITISED = int(Capability.DEDUPED_USERS | Capability.PRIORITISED_READY)


async def log_in(client: GatewayClient, login: Login, **fields: Any) -> dict[str, Any]:
    return await client.identify(login.token, intents=None, **fields)


def told(client: GatewayClient, about: Login) -> list[str]:
    return [each["status"] for each in client.bodies("PRESENCE_UPDATE") if each["user"]["id"] == str(about.id)]


@pytest.mark.parametrize("capabilities", [0, DEDUPED, PRIORITISED])
async def test_neither_end_of_a_block_is_shown_the_other_at_its_login(
    writer: StoreWriter, connect: Connect, capabilities: int
) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    await writer.guild(alice, bob, carol)
    await relate(writer, alice, bob, BLOCKED)
    async with connect() as hers, connect() as his, connect() as third:
        await log_in(third, carol)
        await log_in(hers, alice)
        ready = await log_in(his, bob, capabilities=capabilities)
        if capabilities == PRIORITISED:
            ready = await his.wait_for("READY_SUPPLEMENTAL")
        shown = ready["merged_presences"]["guilds"][0] if capabilities else ready["guilds"][0]["presences"]
        assert {each["user"]["id"] for each in shown} == {str(bob.id), str(carol.id)}


async def test_changes_are_told_to_others_and_not_to_the_other_end(writer: StoreWriter, connect: Connect) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    guild_id = await writer.guild(alice, bob, carol)
    await relate(writer, alice, bob, BLOCKED)
    async with connect() as hers, connect() as his, connect() as third:
        for client, login in ((third, carol), (hers, alice), (his, bob)):
            await log_in(client, login)
        for client, login in ((hers, alice), (his, bob)):
            await client.send(3, {"status": "dnd", "since": None, "afk": False, "activities": []})
            await third.wait_until(lambda login=login: "dnd" in told(third, login))
        await writer.announce(END, {}, guild_id=guild_id)
        for client in (hers, his):
            await client.wait_for(END)
        assert (told(hers, bob), told(his, alice)) == ([], [])


async def test_block_takes_presences_away_and_its_end_brings_them_back(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as hers, connect() as his:
        await log_in(hers, alice)
        await log_in(his, bob, presence={"status": "idle", "activities": []})
        await hers.wait_for("PRESENCE_UPDATE")
        await relate(writer, alice, bob, BLOCKED)
        for client, other in ((hers, bob), (his, alice)):
            update = await client.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "offline")
            assert (update["user"]["id"], update["guild_id"]) == (str(other.id), str(guild_id))
        await relate(writer, alice, bob, None)
        await his.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "online")
        await hers.wait_until(lambda: told(hers, bob)[-1] == "idle")


async def test_asked_members_and_member_lists_hide_the_other_end(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    channel_id = await writer.channel(guild_id)
    await relate(writer, alice, bob, BLOCKED)
    async with connect() as hers, connect() as his:
        await log_in(hers, alice)
        await log_in(his, bob)
        ask = {"guild_id": str(guild_id), "user_ids": [str(alice.id), str(bob.id)], "presences": True}
        for client, login, other in ((hers, alice, bob), (his, bob, alice)):
            await client.send(8, ask)
            chunk = await client.wait_for("GUILD_MEMBERS_CHUNK")
            assert [each["user"]["id"] for each in chunk["presences"]] == [str(login.id)]
            await client.send(14, {"guild_id": str(guild_id), "channels": {str(channel_id): [[0, 99]]}})
            listed = await client.wait_for("GUILD_MEMBER_LIST_UPDATE")
            members = [each["member"] for each in listed["ops"][0]["items"] if "member" in each]
            statuses = {each["user"]["id"]: each["presence"]["status"] for each in members}
            assert statuses == {str(login.id): "online", str(other.id): "offline"}
