"""Changes of a user between the read of its login and READY."""

from typing import Any

import pytest

from core.store.sql.store import SqlStore
from tests.fakes.gated_store import Gate, GatedStore
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import END, Login, StoreWriter


@pytest.fixture
def gateway_store(store: SqlStore) -> GatedStore:
    """A gate before every read of the gateway."""
    return GatedStore(store)


@pytest.fixture(autouse=True)
def keep_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guilds that keep present members only, so that reads of members matter."""
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)


async def begin(client: GatewayClient, login: Login, gateway_store: GatedStore) -> Gate:
    """Identify, and wait until the login is read but not yet answered."""
    gate = gateway_store.hold("logins.find_many", after_reading=True)
    await client.send(2, {"token": login.token, "properties": {}})
    await gate.reached.wait()
    return gate


async def watch(writer: StoreWriter, client: GatewayClient) -> tuple[Login, int]:
    """Return the owner and the id of a guild that is in memory."""
    owner = await writer.person("owner")
    guild_id = await writer.guild(owner)
    await client.identify(owner.token)
    await client.wait_for_guild()
    return owner, guild_id


def nicks(created: dict[str, Any]) -> list[str | None]:
    return [member["nick"] for member in created["members"]]


async def test_member_that_changes_is_shown_as_it_is(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    async with connect() as watching, connect() as client:
        _, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        await writer.join(guild_id, bob)
        gate = await begin(client, bob, gateway_store)
        await writer.update_member(guild_id, bob, nick="Bobby")
        gate.open()
        created = await client.wait_for_guild()
        assert "Bobby" in nicks(created)


async def test_member_that_is_thrown_out_is_not_let_in(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    async with connect() as watching, connect() as client:
        _, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        await writer.join(guild_id, bob)
        gate = await begin(client, bob, gateway_store)
        await writer.remove(guild_id, bob)
        gate.open()
        assert (await client.wait_for("READY"))["guilds"] == []
        await writer.join(guild_id, bob)
        assert "unavailable" not in await client.wait_for_guild()


@pytest.mark.guilds_are("here")  # elsewhere the login is read once more, when the user's home has answered
async def test_guild_that_is_joined_follows_ready(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    async with connect() as watching, connect() as client:
        owner, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        gate = await begin(client, bob, gateway_store)
        await writer.join(guild_id, bob)
        channel_id = await writer.channel(guild_id)
        await writer.say(channel_id, owner, "welcome", guild_id=guild_id)
        gate.open()
        assert (await client.wait_for("READY"))["guilds"] == []
        created = await client.wait_for_guild()
        assert created["id"] == str(guild_id)
        assert [channel["id"] for channel in created["channels"]] == [str(channel_id)]


async def test_direct_message_comes_after_ready(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    channel_id = await writer.direct_channel(alice, bob)
    async with connect() as client:
        gate = await begin(client, bob, gateway_store)
        await writer.say(channel_id, alice, "psst", to=(alice, bob))
        gate.open()
        await client.wait_for("MESSAGE_CREATE")
        assert client.names() == ["READY", "MESSAGE_CREATE"]


async def test_login_that_is_revoked_is_refused(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    bob = await writer.person("bob")
    async with connect() as client:
        gate = await begin(client, bob, gateway_store)
        await writer.log_out(bob)
        gate.open()
        assert await client.wait_closed() == 4004


async def test_store_that_fails_closes_with_unknown_error(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    bob = await writer.person("bob")
    async with connect() as client, connect() as second:
        gate = await begin(client, bob, gateway_store)
        gate.open(fails=True)
        assert await client.wait_closed() == 4000
        assert (await second.identify(bob.token))["user"]["id"] == str(bob.id)


@pytest.mark.guilds_are("here")
async def test_guild_that_cannot_be_loaded_closes_with_unknown_error(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    bob = await writer.person("bob")
    await writer.guild(bob)
    async with connect() as client, connect() as second:
        gate = gateway_store.hold("guilds.load_snapshots")
        await client.send(2, {"token": bob.token, "properties": {}})
        await gate.reached.wait()
        gate.open(fails=True)
        assert await client.wait_closed() == 4000
        await second.identify(bob.token)
        await second.wait_for_guild()


async def test_client_that_goes_away_leaves_no_session(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    async with connect() as watching:
        _, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        await writer.join(guild_id, bob)
        async with connect() as client:
            gate = await begin(client, bob, gateway_store)
            client.cut()
            await client.wait_closed()
        gate.open()
        async with connect() as client:
            await client.identify(bob.token, presence={"status": "idle", "since": None, "afk": False, "activities": []})
            await watching.wait_for("PRESENCE_UPDATE")
        await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "offline")
        assert [update["status"] for update in watching.bodies("PRESENCE_UPDATE")] == ["idle", "offline"]


async def test_row_that_is_older_than_a_guild_which_was_loaded_meanwhile_is_read_again(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    owner, bob, carol = [await writer.person(name) for name in ("owner", "bob", "carol")]
    guild_id = await writer.guild(owner, bob)
    async with connect() as loading, connect() as client:
        await loading.identify(carol.token)
        gate = await begin(client, bob, gateway_store)
        async with writer.store.write() as tx:  # The join is not announced, since the loaded guild has it already.
            await tx.members.update(guild_id, bob.id, {"nick": "Bobby"})
        await writer.join(guild_id, carol)
        await loading.wait_for_guild()
        gate.open()
        assert "Bobby" in nicks(await client.wait_for_guild())


@pytest.mark.guilds_are("here")
async def test_membership_that_changes_at_each_read_is_waited_for_once(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    async with connect() as watching, connect() as client:
        _, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        await writer.join(guild_id, bob)
        first = await begin(client, bob, gateway_store)
        await writer.update_member(guild_id, bob, nick="one")
        second = gateway_store.hold("logins.find_many", after_reading=True)
        first.open()
        await second.reached.wait()
        third = gateway_store.hold("logins.find_many")
        await writer.update_member(guild_id, bob, nick="two")
        second.open()
        assert "two" in nicks(await client.wait_for_guild())
        assert not third.reached.is_set()


async def test_guild_that_is_deleted_while_it_is_loaded_is_not_shown(
    writer: StoreWriter, connect: Connect, gateway_store: GatedStore
) -> None:
    bob = await writer.person("bob")
    guild_id = await writer.guild(bob)
    async with connect() as client:
        gate = gateway_store.hold("guilds.load_snapshots", after_reading=True)
        await client.send(2, {"token": bob.token, "properties": {}})
        await gate.reached.wait()
        await writer.delete_guild(guild_id)
        gate.open()
        assert (await client.wait_for("READY"))["guilds"] == []


async def test_events_that_wait_are_applied_before_a_session_enters(
    writer: StoreWriter, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a login are newer than the waiting events: the guild has one member more than its actor knows."""
    monkeypatch.setattr("gateway.events.inbox.SLICE_S", -1.0)  # There is one event a turn, far slower than a login.
    async with connect() as watching, connect() as client:
        _, guild_id = await watch(writer, watching)
        bob = await writer.person("bob")
        await writer.store.bus.publish([writer.event(END, {}, guild_id=guild_id) for _ in range(2000)])
        await writer.join(guild_id, bob)
        assert [guild["id"] for guild in (await client.identify(bob.token))["guilds"]] == [str(guild_id)]
        assert (await client.wait_for_guild())["member_count"] == 2
        await watching.wait_for("GUILD_MEMBER_ADD")
        assert len(client.guilds) == 1
