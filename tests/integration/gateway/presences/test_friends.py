"""Friends at the gateway: READY's relationships, and presences of friends who share no guild."""

from typing import Any

import pytest

from core.domain.people.relationship import RelationshipType
from core.wire.capabilities import Capability
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import Login, StoreWriter
from tests.support.stores.stored_friends import befriend, relate

NONE = 0
DEDUPED = int(Capability.DEDUPED_USERS)
PRIORITISED = int(Capability.DEDUPED_USERS | Capability.PRIORITISED_READY)
BLOCKED = RelationshipType.BLOCKED


async def log_in(client: GatewayClient, login: Login, **fields: Any) -> dict[str, Any]:
    return await client.identify(login.token, intents=None, **fields)


def statuses(presences: list[dict[str, Any]]) -> dict[str, str]:
    return {each["user_id"]: each["status"] for each in presences}


@pytest.mark.parametrize("capabilities", [NONE, DEDUPED, PRIORITISED])
async def test_ready_names_relationships_and_the_presences_of_friends(
    writer: StoreWriter, connect: Connect, capabilities: int
) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    await befriend(writer, alice, bob)
    await relate(writer, alice, carol, BLOCKED)
    async with connect() as his, connect() as hers, connect() as client:
        await log_in(his, bob)
        await log_in(hers, carol)
        ready = await log_in(client, alice, capabilities=capabilities)
        assert [(each["id"], each["type"], each["user"]["username"]) for each in ready["relationships"]] == [
            (str(bob.id), 1, bob.user.username),
            (str(carol.id), 2, carol.user.username),
        ]
        assert {str(bob.id), str(carol.id)} <= {user["id"] for user in ready["users"]}
        if capabilities == NONE:
            found = ready["presences"]
        elif capabilities == DEDUPED:
            found = ready["merged_presences"]["friends"]
        else:
            found = (await client.wait_for("READY_SUPPLEMENTAL"))["merged_presences"]["friends"]
        assert statuses(found) == {str(bob.id): "online"}


async def test_friends_presence_comes_without_a_guild_and_a_strangers_not_at_all(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    await befriend(writer, alice, bob)
    async with connect() as client, connect() as his, connect() as hers:
        await log_in(client, alice)
        await log_in(hers, carol)
        await log_in(his, bob, presence={"status": "idle", "since": None, "afk": False, "activities": []})
        update = await client.wait_for("PRESENCE_UPDATE")
        assert (update["user"]["id"], update["status"], "guild_id" in update) == (str(bob.id), "idle", False)
        await his.send(3, {"status": "invisible", "since": None, "afk": False, "activities": []})
        update = await client.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "offline")
        assert update["user"]["id"] == str(bob.id)
        assert {body["user"]["id"] for body in client.bodies("PRESENCE_UPDATE")} == {str(bob.id)}


async def test_new_friends_learn_each_others_presence_and_former_ones_hear_no_more(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    async with connect() as hers, connect() as his, connect() as third:
        await log_in(hers, alice)
        await log_in(his, bob)
        await befriend(writer, alice, bob)
        for client, other in ((hers, bob), (his, alice)):
            update = await client.wait_for("PRESENCE_UPDATE")
            assert (update["user"]["id"], update["status"]) == (str(other.id), "online")
        await relate(writer, alice, bob, None)
        await relate(writer, bob, alice, None)
        for client in (hers, his):
            await client.wait_for("RELATIONSHIP_REMOVE")
            await client.send(3, {"status": "dnd", "since": None, "afk": False, "activities": []})
            await client.send(1, None)  # commands are taken in their order
            await client.wait_for_op(11)
        # Presences come in the order in which they were published, so those of the two would be there before this one.
        await log_in(third, carol)
        for client, login in ((hers, alice), (his, bob)):
            await befriend(writer, login, carol)
            await client.wait_for("PRESENCE_UPDATE", lambda body: body["user"]["id"] == str(carol.id))
            assert len(client.bodies("PRESENCE_UPDATE")) == 2
        await third.wait_until(lambda: len(third.bodies("PRESENCE_UPDATE")) == 2)
        assert {body["status"] for body in third.bodies("PRESENCE_UPDATE")} == {"dnd"}
